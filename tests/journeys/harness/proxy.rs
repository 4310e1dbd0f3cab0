//! A network between two programs that can break: TCP on the way from a server to what it depends on.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How the network is. What it did to a connection stays done: healing helps new connections only, as after the failover of
/// a firewall that knows none of the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Everything arrives.
    Fine,
    /// Everything arrives later, each way.
    Slow(Duration),
    /// Connections are torn down, old and new ones.
    Resetting,
    /// Questions arrive, answers do not: what was asked is done, and nobody hears of it.
    Deaf,
    /// Connections stay open, and nothing arrives.
    BlackHole,
    /// Nobody listens any more, and open connections are torn down.
    Refusing,
}

/// Stands before one peer. It ends with its value.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    network: watch::Sender<Network>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Stands before `host:port`.
    pub(crate) async fn before(peer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (network, seen) = watch::channel(Network::Fine);
        let task = tokio::spawn(serve(listener, address, peer, seen));
        Self { address, network, task }
    }

    /// Where it listens: `host:port`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on the network is like this.
    pub(crate) fn be(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, address: SocketAddr, peer: String, mut network: watch::Receiver<Network>) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let now = *network.borrow_and_update();
        if now == Network::Refusing {
            listener = None;
            if network.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = match listener.take() {
            Some(open) => open,
            None => listen_again(address),
        };
        tokio::select! {
            changed = network.changed() => if changed.is_err() { return },
            accepted = open.accept() => {
                let (client, _) = accepted.unwrap();
                if now == Network::Resetting {
                    reset(&client);
                } else {
                    connections.spawn(relay(client, peer.clone(), network.clone()));
                }
            }
        }
        listener = Some(open);
    }
}

fn listen_again(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    // The port still has connections in its memory.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(1024).unwrap()
}

/// The next close tells the other side that there is no such connection.
fn reset(stream: &TcpStream) {
    stream.set_zero_linger().unwrap();
}

async fn relay(client: TcpStream, peer: String, mut network: watch::Receiver<Network>) {
    let Ok(upstream) = TcpStream::connect(peer).await else { return };
    for stream in [&client, &upstream] {
        stream.set_nodelay(true).unwrap();
    }
    let (from_client, to_client) = client.into_split();
    let (from_upstream, to_upstream) = upstream.into_split();
    let there = tokio::spawn(pass(from_client, to_upstream, network.clone(), false));
    let back = tokio::spawn(pass(from_upstream, to_client, network.clone(), true));
    let torn = until(&mut network, |now| matches!(now, Network::Resetting | Network::Refusing));
    let (mut there, mut back) = (there, back);
    tokio::select! {
        () = torn => {}
        // Both directions end by themselves only when both sides have closed.
        () = async { (&mut there).await.ok(); (&mut back).await.ok(); } => {}
    }
    for half in [there, back] {
        half.abort();
        // A half that was aborted drops its ends here, and with `zero_linger` they end in a reset.
        let _ = half.await;
    }
}

/// Waits until the network is like that, or for ever when the proxy is gone.
async fn until(network: &mut watch::Receiver<Network>, so: impl FnMut(&Network) -> bool) {
    drop(network.wait_for(so).await);
}

/// Passes on what comes, as long as the network does.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut network: watch::Receiver<Network>, is_back: bool) {
    let swallows = |now: &Network| *now == Network::BlackHole || (*now == Network::Deaf && is_back);
    let mut buffer = vec![0; 64 * 1024];
    // Torn down in the end, so that nobody waits for a polite farewell.
    reset(to.as_ref());
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            // What was swallowed once stays so: the connection is as good as dead, and nobody is told.
            () = until(&mut network, swallows) => return std::future::pending().await,
        };
        let Ok(read @ 1..) = read else { break };
        let now = *network.borrow();
        if swallows(&now) {
            continue;
        }
        if let Network::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
