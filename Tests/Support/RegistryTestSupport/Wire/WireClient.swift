// SPDX-License-Identifier: Apache-2.0

internal import CMicrohttpd
internal import Glibc

/// A connection to a server at 127.0.0.1.
struct WireClient {
    let connection: WireConnection
    private let descriptor: Int32

    init(port: UInt16) throws(WireClosed) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = WireServer.address(1, port)
        guard unsafe connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr>.size)) == 0
        else {
            Glibc.close(descriptor)
            throw WireClosed()
        }
        connection = WireConnection(descriptor, WireServer.Shared())
    }

    func close() { Glibc.close(descriptor) }
}
