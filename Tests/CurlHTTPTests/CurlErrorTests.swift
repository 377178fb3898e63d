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
}
