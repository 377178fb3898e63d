// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Debian's nginx as a reverse proxy for docker-registry, with TLS and HTTP/2.
///
/// A GET of a blob is redirected to another host, which serves the registry's storage and responds
/// 400 to a request with credentials. Repositories under `open/` are public; all others require
/// credentials.
public final class NginxFront: Sendable {
    /// The behavior of the reverse proxy.
    public enum Manner: Sendable {
        /// It forwards all requests.
        case open
        /// It forwards five requests per second, and responds 429 to all others.
        case limited
        /// One of its two backends is down, so every fourth request fails.
        case limping
        /// It responds 429 with a `Retry-After` of one hour.
        case closed
    }

    /// The port on 127.0.0.1, with TLS.
    public let port: UInt16
    /// The port for a request that confirms that all earlier ones were logged.
    private let barrierPort: UInt16
    private let folder: TemporaryFolder
    private let process: SpawnedProcess

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - registry: The registry whose storage is served.
    ///   - name: The host name of the registry.
    ///   - storage: The host name for blobs.
    ///   - login: The valid user and password.
    ///   - certificate: A certificate for both hosts.
    ///   - manner: The behavior of the reverse proxy.
    /// - Throws: ``FixtureError`` if nginx is not installed, ``WireClosed`` if no port is
    ///   available.
    public init(
        before registry: DockerRegistry, name: String, storage: String,
        login: (user: String, password: String), certificate: CertificateAuthority.Issued,
        _ manner: Manner = .open
    ) throws {
        let (socket, port) = try WireServer.listen()
        defer { close(socket) }
        let (barrier, barrierPort) = try WireServer.listen()
        defer { close(barrier) }
        folder = try TemporaryFolder()
        let upstream = UInt16(registry.host.split(separator: ":").last ?? "") ?? 0
        try folder.write("\(login.user):{PLAIN}\(login.password)\n", to: "passwords")
        try folder.write(
            """
            daemon off; pid nginx.pid; worker_processes 1; \(geteuid() == 0 ? "user root;" : "")
            events { worker_connections 256; }
            http {
                log_format ledger '$host $request_method $request_uri $status $server_protocol '
                    '$body_bytes_sent $http_authorization';
                access_log \(folder("access.log")) ledger;
                \(Self.temporaryFolders(folder))
                map $request_method$uri $realm { default loopback; ~^(GET|HEAD)/v2/open/ off; }
                upstream registry { \(Self.servers(upstream, manner)) }
                proxy_next_upstream off;
                limit_req_zone $server_name zone=guests:1m rate=5r/s;
                limit_req_status 429;
                ssl_certificate \(certificate.certificateFile);
                ssl_certificate_key \(certificate.keyFile);
                client_max_body_size 0;
                server {
                    listen 127.0.0.1:\(port) ssl http2;
                    server_name \(name);
                    \(Self.directives(manner))
                    auth_basic $realm;
                    auth_basic_user_file \(folder("passwords"));
                    location / {
                        proxy_pass http://registry;
                        proxy_http_version 1.1;
                        proxy_request_buffering off;
                        proxy_set_header Host $http_host;
                        proxy_set_header Authorization "";
                    }
                    location ~ "^/v2/.+/blobs/sha256:(?<start>..)(?<rest>[a-f0-9]{62})$" {
                        if ($request_method = GET) {
                            return 307 https://\(storage)/storage/sha256/$start$rest?for=300;
                        }
                        proxy_pass http://registry;
                        proxy_set_header Host $http_host;
                        proxy_set_header Authorization "";
                    }
                }
                server {
                    listen 127.0.0.1:\(port) ssl http2;
                    server_name \(storage);
                    location ~ "^/storage/sha256/(?<start>..)(?<rest>[a-f0-9]{62})$" {
                        if ($http_authorization) { return 400; }
                        root \(registry.folder("storage"))/docker/registry/v2/blobs;
                        try_files /sha256/$start/$start$rest/data =404;
                    }
                }
                server { listen 127.0.0.1:\(barrierPort); access_log off; return 204; }
            }
            """, to: "nginx.conf")
        self.port = port
        self.barrierPort = barrierPort
        process = try SpawnedProcess(
            "nginx", ["-p", folder.path, "-c", folder("nginx.conf"), "-e", folder("error.log")],
            environment: ["NGINX": "3;4;"], inheriting: [socket, barrier])
    }

    deinit { process.stop() }

    /// All requests to either host.
    ///
    /// One worker logs a request before it reads the next one, so all others are logged when our
    /// own request was answered.
    public var requests: [RecordedRequest] {
        if let client = try? WireClient(port: barrierPort) {
            try? client.connection.send("GET / HTTP/1.0\r\n\r\n")
            _ = try? client.connection.readHead()
            client.close()
        }
        return folder.text("access.log").split(separator: "\n").enumerated()
            .compactMap { Self.request($1, order: $0) }
    }

    /// Parses a line of the log: host, method, target, status, protocol, bytes, authorization.
    private static func request(_ line: Substring, order: Int) -> RecordedRequest? {
        let words = line.split(separator: " ", maxSplits: 6)
        guard words.count == 7 else { return nil }
        var headers: HeaderFields = ["Host": String(words[0])]
        if words[6] != "-" { headers["Authorization"] = String(words[6]) }
        headers["Version"] = String(words[4])
        var request = RecordedRequest(
            method: RequestMethod(rawValue: String(words[1])), target: String(words[2]),
            headers: headers)
        request.order = order
        request.status = Int(words[3])
        request.sentBytes = Int(words[5]) ?? 0
        return request
    }

    private static func servers(_ port: UInt16, _ manner: Manner) -> String {
        let alive = "server 127.0.0.1:\(port) max_fails=0 weight=3;"
        // No server listens at port 1.
        return manner == .limping ? alive + " server 127.0.0.1:1 max_fails=0;" : alive
    }

    private static func directives(_ manner: Manner) -> String {
        switch manner {
        case .open, .limping: ""
        case .limited: "limit_req zone=guests burst=1 nodelay;"
        case .closed: "add_header Retry-After 3600 always; return 429;"
        }
    }

    private static func temporaryFolders(_ folder: TemporaryFolder) -> String {
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(folder($0));" }.joined(separator: " ")
    }
}
