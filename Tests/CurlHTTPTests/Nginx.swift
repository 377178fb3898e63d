// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import RegistryTestSupport
import Testing

/// A temporary certificate authority with certificates for 127.0.0.1 and for a client.
struct Certificates {
    let scratch: Scratch
    var authority: String { scratch.file("authority.pem") }
    var server: String { scratch.file("server.pem") }
    var client: String { scratch.file("client.pem") }

    /// A defect of the server's certificate.
    enum Flaw {
        case none
        case expired
        case selfSigned
    }

    init(_ flaw: Flaw = .none) throws {
        scratch = try Scratch()
        try make("authority", ["-addext", "keyUsage=critical,keyCertSign"])
        for (name, host) in [("server", "IP:127.0.0.1"), ("client", "DNS:client")] {
            let signing =
                name == "server" && flaw == .selfSigned
                ? [] : ["-CA", authority, "-CAkey", scratch.file("authority.key")]
            try make(
                name,
                signing + [
                    "-addext", "subjectAltName=\(host)", "-addext", "basicConstraints=CA:FALSE",
                ])
        }
        if flaw == .expired { try expire() }
    }

    /// Signs the server's key again, with a certificate that expired yesterday.
    private func expire() throws {
        let request = scratch.file("server.csr")
        let isRequested = try Program.run([
            "openssl", "req", "-new", "-key", key(of: server), "-subj", "/CN=server", "-addext",
            "subjectAltName=IP:127.0.0.1", "-out", request,
        ])
        let isSigned = try Program.run([
            "openssl", "x509", "-req", "-in", request, "-CA", authority, "-CAkey",
            scratch.file("authority.key"), "-days", "-1", "-copy_extensions", "copy", "-out",
            server,
        ])
        try #require(isRequested && isSigned)
    }

    func key(of certificate: String) -> String { certificate.dropLast(3) + "key" }

    private func make(_ name: String, _ more: [String]) throws {
        let certificate = scratch.file("\(name).pem")
        let isMade = try Program.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2", "-subj", "/CN=\(name)",
                "-out", certificate, "-keyout", key(of: certificate),
            ] + more)
        try #require(isMade)
    }
}

/// Debian's nginx with TLS and HTTP/2 on a free port, which describes each connection.
///
/// It inherits a listening socket, as it does when it replaces itself. The port is therefore
/// certainly its own, and a connection made before it is ready waits.
final class Nginx: Sendable {
    let origin: Origin
    let certificates: Certificates
    private let process: pid_t

    /// Starts a server with `directives` added to its configuration.
    init(_ flaw: Certificates.Flaw = .none, _ directives: String = "") throws {
        let certificates = try Certificates(flaw)
        let (socket, port) = try WireServer.listen()
        defer { close(socket) }
        origin = try Origin(scheme: .https, host: "127.0.0.1", port: port)
        self.certificates = certificates
        let scratch = certificates.scratch
        try scratch.write(Self.configuration(certificates, port, directives), to: "nginx.conf")
        process = try Program.start(
            [
                "nginx", "-p", scratch.path, "-c", scratch.file("nginx.conf"), "-e",
                scratch.file("error.log"),
            ], environment: ["NGINX=3;"], inherited: socket)
    }

    deinit {
        kill(process, SIGTERM)
        _ = Program.wait(for: process)
    }

    /// Returns the URL of a path.
    func url(_ target: String) throws -> HTTPURL { try HTTPURL(origin, target: target) }

    private static func configuration(
        _ certificates: Certificates, _ port: UInt16, _ directives: String
    ) -> String {
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(certificates.scratch.path)/\($0);" }
        return """
            daemon off; pid nginx.pid;
            events { worker_connections 64; }
            http {
                access_log off; \(folders.joined(separator: " "))
                server {
                    listen 127.0.0.1:\(port) ssl http2;
                    ssl_certificate \(certificates.server);
                    ssl_certificate_key \(certificates.key(of: certificates.server));
                    ssl_client_certificate \(certificates.authority);
                    ssl_verify_client optional;
                    \(directives)
                    location / { return 200 "$server_protocol $ssl_client_verify $connection $ssl_session_reused"; }
                    location /upload { client_max_body_size 1k; proxy_pass http://127.0.0.1:1; }
                }
            }
            """
    }
}
