// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Debian's nginx as the front door of a docker-registry, with TLS and HTTP/2.
///
/// GET of a blob is redirected to another host, which serves the registry's storage and answers 400
/// to whoever shows it a credential. What is under `open/` anyone may read; the rest takes a login.
public final class NginxFront: Sendable {
    /// What the front door does with its guests.
    public enum Manner: Sendable {
        /// It lets everyone in.
        case open
        /// It lets five requests a second pass, and answers 429 to the others.
        case limited
        /// One of the two servers behind it is down, to which every fourth request goes.
        case limping
        /// It answers 429 and asks to come back in an hour.
        case closed
    }

    /// The port on 127.0.0.1, with TLS.
    public let port: UInt16
    /// The port on which a request says that all before it are written down.
    private let barrierPort: UInt16
    private let folder: TemporaryFolder
    private let process: SpawnedProcess

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - registry: whose storage is served.
    ///   - name: its host.
    ///   - storage: the host that blobs are read from.
    ///   - login: the user and the password that are right.
    ///   - certificate: one that is good for both hosts.
    ///   - manner: what it does with its guests.
    /// - Throws: ``FixtureError`` where nginx is not there, ``WireClosed`` where there is no port.
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

    /// Every request so far, whichever host it went to.
    ///
    /// One worker writes a line before it takes the next request, so after the answer to a request of
    /// our own all others are written down.
    public var requests: [RecordedRequest] {
        if let client = try? WireClient(port: barrierPort) {
            try? client.connection.send("GET / HTTP/1.0\r\n\r\n")
            _ = try? client.connection.readHead()
            client.close()
        }
        return folder.text("access.log").split(separator: "\n").enumerated()
            .compactMap { Self.request($1, order: $0) }
    }

    /// Reads a line of the log: host, method, target, status, protocol, bytes, authorization.
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
        // Nobody listens at port 1.
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
