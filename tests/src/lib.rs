//! Nothing lives here: the journeys stand in `journeys/`. They know the product only as its users do, as a process, its
//! command line and its sockets, so this package depends on no crate of the workspace.
