// SPDX-License-Identifier: Apache-2.0

import CCurl
import HTTP
import Testing

@testable import CurlHTTP

struct CurlErrorTests {
    /// The messages that were observed: of an HTTP server without TLS with OpenSSL 3.0, 4.0 and 3.5
    /// and with GnuTLS, and of other failures of the handshake.
    @Test(
        arguments: [
            ("OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number", .notTLS),
            ("OpenSSL/3.5.2: error:0A0000C6:SSL routines::packet length too long", .notTLS),
            (
                "gnutls_handshake() failed: An unexpected TLS packet was received.", .notTLS
            ),
            ("OpenSSL/3.5.2: error:0A000139:SSL routines::record layer failure", .tls),
            ("OpenSSL/3.0.19: error:0A000410:SSL routines::sslv3 alert handshake failure", .tls),
            ("Recv failure: Connection reset by peer", .connect),
        ] as [(String, TransportError.Kind)])
    func `a failed handshake has the kind that its message shows`(
        message: String, kind: TransportError.Kind
    ) {
        #expect(CurlError.kind(of: CURLE_SSL_CONNECT_ERROR, message) == kind)
    }

    /// The messages that were observed with OpenSSL 3.0, and those of GnuTLS.
    @Test(
        arguments: [
            (
                "SSL: no alternative certificate subject name matches target host name 'localhost'",
                .certificateName
            ),
            (
                "SSL: certificate subject name (a.test) does not match target host name 'b.test'",
                .certificateName
            ),
            ("SSL certificate problem: certificate has expired", .certificateTime),
            ("SSL certificate problem: certificate is not yet valid", .certificateTime),
            ("server certificate expiration date has passed.", .certificateTime),
            ("server certificate not activated yet.", .certificateTime),
            ("SSL certificate problem: unable to get local issuer certificate", .tls),
        ] as [(String, TransportError.Kind)])
    func `a rejected certificate has the kind that its message shows`(
        message: String, kind: TransportError.Kind
    ) {
        #expect(CurlError.kind(of: CURLE_PEER_FAILED_VERIFICATION, message) == kind)
    }

    @Test func `a failed connection has a message without times and addresses`() async throws {
        for host in ["127.0.0.1", "[::1]"] {
            let origin = try Origin(scheme: .http, host: host, port: 1)
            let error = await #expect(throws: TransportError.self) {
                try await CurlTransport().send(HTTPRequest(.get, HTTPURL(origin, target: "/")))
            }
            #expect(error == TransportError(.connect, "connection refused"))
        }
    }

    @Test func `a message about a proxy names it, and an unknown scheme says what to use`()
        async throws
    {
        let origin = try Origin(scheme: .https, host: "registry.test")
        for (value, message) in [
            ("http://canary@127.0.0.1:1", "the proxy 127.0.0.1:1: connection refused"),
            ("banana://canary@p", "the scheme of the proxy is not supported: use http://"),
        ] {
            let rules = ProxyRules(environment: ["https_proxy": value])
            let error = await #expect(throws: TransportError.self) {
                try await CurlTransport(.init(proxies: rules))
                    .send(HTTPRequest(.get, HTTPURL(origin, target: "/")))
            }
            #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("canary") == false)
        }
    }
}
