//! Connections and calls: which path is which method.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tonic::{Status, body::Body, codec::ProstCodec, codegen::Service, server::Grpc};

use crate::{
    Faults, Log, Options, batch,
    log::Change,
    read,
    wire::{ClusterInfo, Empty, EndPoint, Member, SupportedMethod, SupportedMethods, Uuid},
    write,
};

const STREAMS: &str = "event_store.client.streams.Streams";
const FEATURES: &str = "event_store.client.server_features.ServerFeatures";
const GOSSIP: &str = "event_store.client.gossip.Gossip";
const VERSION: &str = "25.1.0";
const FOLLOWER: i32 = 6;
const LEADER: i32 = 8;
/// As the real server takes them: an append comes in messages of at most this.
const MAX_MESSAGE_BYTES: usize = 17 * 1024 * 1024;

/// One node, as its calls see it.
#[derive(Debug)]
pub(crate) struct Node {
    pub options: Options,
    pub log: Arc<Log>,
    pub faults: Arc<Faults>,
    pub address: SocketAddr,
    /// None for the leader.
    pub leader: Option<SocketAddr>,
}

pub(crate) async fn accept(node: Arc<Node>, listener: TcpListener, closing: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok((connection, _)) => {
                drop(tokio::spawn(serve(Arc::clone(&node), connection, closing.clone())));
            }
            // Out of descriptors, or a connection that ended too soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(node: Arc<Node>, connection: TcpStream, mut closing: watch::Receiver<bool>) {
    let _ = connection.set_nodelay(true);
    closing.mark_unchanged();
    let handle = service_fn(move |request| {
        let node = Arc::clone(&node);
        async move { Ok::<_, Infallible>(route(node, request).await) }
    });
    let serving = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(connection), handle);
    tokio::select! {
        _ = serving => {}
        // Also when the server is dropped.
        _ = closing.changed() => {}
    }
}

type Called<Res> = BoxFuture<'static, Result<tonic::Response<Res>, Status>>;

/// A function as a method of a service.
struct Method<Req, Res> {
    node: Arc<Node>,
    call: fn(Arc<Node>, tonic::Request<Req>) -> Called<Res>,
}

impl<Req, Res> Service<tonic::Request<Req>> for Method<Req, Res> {
    type Response = tonic::Response<Res>;
    type Error = Status;
    type Future = Called<Res>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Req>) -> Self::Future {
        (self.call)(Arc::clone(&self.node), request)
    }
}

pub(crate) type Answers<T> =
    Pin<Box<dyn futures::Stream<Item = Result<T, Status>> + Send + 'static>>;

fn grpc<Res, Req>() -> Grpc<ProstCodec<Res, Req>>
where
    Res: Message + 'static,
    Req: Message + Default + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(MAX_MESSAGE_BYTES)
}

async fn route(node: Arc<Node>, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    match (service, method) {
        (STREAMS, "Read") => {
            let method = Method { node, call: |node, call| Box::pin(read::read(node, call)) };
            grpc().server_streaming(method, request).await
        }
        (STREAMS, "Append") => {
            let method = Method { node, call: |node, call| Box::pin(write::append(node, call)) };
            grpc().client_streaming(method, request).await
        }
        (STREAMS, "BatchAppend") => {
            let call =
                |node, call| -> Called<_> { Box::pin(async { Ok(batch::append(node, call)) }) };
            let method = Method { node, call };
            grpc().streaming(method, request).await
        }
        (STREAMS, "Delete") => {
            let call =
                |node, call| -> Called<_> { Box::pin(write::remove(node, call, Change::Delete)) };
            grpc().unary(Method { node, call }, request).await
        }
        (STREAMS, "Tombstone") => {
            let call = |node, call| -> Called<_> {
                Box::pin(write::remove(node, call, Change::Tombstone))
            };
            grpc().unary(Method { node, call }, request).await
        }
        (FEATURES, "GetSupportedMethods") => {
            let call = |_, _: tonic::Request<Empty>| -> Called<_> {
                Box::pin(async { Ok(tonic::Response::new(features())) })
            };
            grpc().unary(Method { node, call }, request).await
        }
        (GOSSIP, "Read") => {
            let call = |node: Arc<Node>, _: tonic::Request<Empty>| -> Called<_> {
                Box::pin(async move { Ok(tonic::Response::new(gossip(&node))) })
            };
            grpc().unary(Method { node, call }, request).await
        }
        _ => Status::unimplemented("not a method of this server").into_http(),
    }
}

fn features() -> SupportedMethods {
    let streams = STREAMS.to_lowercase();
    let method = |name: &str| SupportedMethod {
        method_name: name.to_owned(),
        service_name: streams.clone(),
        features: Vec::new(),
    };
    let methods = ["read", "append", "batchappend", "delete", "tombstone"].map(method).into();
    SupportedMethods { methods, event_store_server_version: VERSION.to_owned() }
}

/// This node, and the leader where that is another.
fn gossip(node: &Node) -> ClusterInfo {
    let member = |address: SocketAddr, state| Member {
        instance_id: Some(Uuid::from_uuid(uuid::Uuid::from_u128(address.port().into()), false)),
        time_stamp: 0,
        state,
        is_alive: true,
        http_end_point: Some(EndPoint {
            address: address.ip().to_string(),
            port: address.port().into(),
        }),
    };
    let own = member(node.address, if node.leader.is_some() { FOLLOWER } else { LEADER });
    let leader = node.leader.map(|leader| member(leader, LEADER));
    ClusterInfo { members: [Some(own), leader].into_iter().flatten().collect() }
}
