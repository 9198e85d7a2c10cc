//! Log lines, metrics, and traces for whoever wants them. Never tokens, never message content.

mod file;

use std::{io::IsTerminal as _, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::LevelFilter,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

use crate::config::{Config, LogFormat};

/// A collector that does not answer holds nobody up for longer than this.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// Whatever `log.filter` says: below this they print addresses with the passwords in them.
const NEVER_LOUDER: [&str; 6] = [
    "hyper=info",
    "hyper_util=info",
    "opentelemetry-otlp=info",
    "reqwest=info",
    // Its spans name the path of a call, and in that an interaction's token.
    "twilight_http=warn",
    "twilight_http_ratelimiting=warn",
];

/// What telemetry needs at the end: what waits is sent when this is shut down.
#[derive(Debug)]
pub struct Telemetry {
    pub metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("log.filter: {0}")]
    Filter(String),
    #[error("cannot write the log file {path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("telemetry.otlp_endpoint: {0}")]
    Traces(String),
    #[error("metrics: {0}")]
    Metrics(String),
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Errors and warnings as numbers, whatever `log.filter` lets through.
struct CountsTrouble;

impl<S: Subscriber> Layer<S> for CountsTrouble {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = event.metadata().level().as_str();
        metrics::counter!("reeve_log_lines_total", "level" => level).increment(1);
    }
}

impl Telemetry {
    /// Once per process. Log lines go to standard error: standard output is for answers.
    pub fn start(config: &Config) -> Result<Self, TelemetryError> {
        let mut layers = vec![console(config)?];
        layers.push(CountsTrouble.with_filter(LevelFilter::WARN).boxed());
        if let Some(path) = &config.log.file {
            let rotating =
                file::Rotating::open(path, config.log.file_size, config.log.file_count).map_err(
                    |source| TelemetryError::File { path: path.display().to_string(), source },
                )?;
            let layer = tracing_subscriber::fmt::layer().json().with_writer(rotating);
            layers.push(layer.with_filter(filter(config)?).boxed());
        }
        let traces = match &config.telemetry.otlp_endpoint {
            None => None,
            Some(endpoint) => {
                let provider = tracer(endpoint.expose())?;
                let tracer = provider.tracer("reeve");
                let layer = tracing_opentelemetry::layer().with_tracer(tracer);
                let ours =
                    EnvFilter::new("reeve=debug,actions=debug,eventlog=debug,projections=debug");
                layers.push(layer.with_filter(ours).boxed());
                Some(provider)
            }
        };
        tracing_subscriber::registry().with(layers).init();
        let metrics = PrometheusBuilder::new()
            .set_buckets(&[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0])
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| TelemetryError::Metrics(error.to_string()))?;
        Ok(Self { metrics, traces })
    }

    pub fn shutdown(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(EXPORT_TIMEOUT)
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn filter(config: &Config) -> Result<EnvFilter, TelemetryError> {
    let mut filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| TelemetryError::Filter(error.to_string()))?;
    for directive in NEVER_LOUDER {
        let directive = directive.parse();
        filter = filter
            .add_directive(directive.map_err(|error| TelemetryError::Filter(format!("{error}")))?);
    }
    Ok(filter)
}

fn console(config: &Config) -> Result<BoxedLayer, TelemetryError> {
    let terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let json = match config.log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let filter = filter(config)?;
    Ok(if json {
        layer.json().with_filter(filter).boxed()
    } else {
        layer.with_ansi(terminal).with_target(true).with_filter(filter).boxed()
    })
}

fn tracer(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .map_err(|error| TelemetryError::Traces(error.to_string()))?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("reeve").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
