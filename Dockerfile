# syntax=docker/dockerfile:1

FROM node:20-bookworm AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web .
RUN npm run build

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=web /src/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin reeve && \
    install -D target/release/reeve /out/reeve

FROM debian:bookworm-slim
# A new volume takes over the owner of the folder that it is mounted on.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin reeve && \
    install -d -o reeve -g reeve -m 700 /data
COPY --from=build /out/reeve /usr/local/bin/reeve

USER reeve
WORKDIR /data
ENV REEVE_DATA_DIR=/data REEVE_HTTP_ADDRESS=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["reeve", "doctor", "--quick"]
ENTRYPOINT ["reeve"]
CMD ["serve"]
