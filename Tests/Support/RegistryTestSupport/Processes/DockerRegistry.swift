// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import OCI

/// Debian's docker-registry on a free loopback port, with its own storage.
public final class DockerRegistry: Sendable {
    /// The host and port for references.
    public let host: String
    /// The directory with the registry's configuration, storage and logs.
    public let folder: TemporaryFolder
    private let process: SpawnedProcess

    private init(_ process: SpawnedProcess, host: String, _ folder: TemporaryFolder) {
        self.process = process
        self.host = host
        self.folder = folder
    }

    /// Starts a registry and waits until it listens.
    ///
    /// - Parameters:
    ///   - users: The passwords by user; without users, no authentication is required.
    ///   - certificate: The certificate for TLS; without one, the registry uses plain HTTP.
    ///   - clientAuthority: The file with the certificate authority of client certificates.
    ///   - deletes: A Boolean value that indicates whether manifests and blobs can be deleted.
    ///   - upstream: The URL of the registry for which this one is a read-only pull-through cache.
    /// - Returns: The registry, which runs until ``stop()`` is called or until it is released.
    /// - Throws: ``FixtureError`` if the registry does not start.
    public static func start(
        users: [String: String] = [:], certificate: CertificateAuthority.Issued? = nil,
        clientAuthority: String? = nil, deletes: Bool = true, upstream: String? = nil
    ) async throws -> DockerRegistry {
        let folder = try TemporaryFolder()
        var lines = [
            "version: 0.1", "log: {level: info, accesslog: {disabled: false}}",
            "storage:", "  filesystem: {rootdirectory: \(folder("storage"))}",
            "  delete: {enabled: \(deletes)}", "http:", "  addr: 127.0.0.1:0",
            "  relativeurls: true",
        ]
        if let certificate {
            lines += [
                "  tls:", "    certificate: \(certificate.certificateFile)",
                "    key: \(certificate.keyFile)",
            ]
            if let clientAuthority { lines.append("    clientcas: [\(clientAuthority)]") }
        }
        if let upstream { lines.append("proxy: {remoteurl: \(upstream)}") }
        if !users.isEmpty {
            try await writePasswords(users, to: folder)
            lines.append("auth: {htpasswd: {realm: loopback, path: \(folder("htpasswd"))}}")
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "config.yml")
        let process = try SpawnedProcess(
            "docker-registry", ["serve", folder("config.yml")],
            environment: ["OTEL_TRACES_EXPORTER": "none", "HOME": folder.path],
            output: folder("access.log"), errors: folder("registry.log"))
        do {
            let port = try await onOwnThread { try Self.waitForPort(folder) }
            return DockerRegistry(process, host: "127.0.0.1:\(port)", folder)
        } catch {
            process.stop()
            throw error
        }
    }

    private static func writePasswords(
        _ users: [String: String], to folder: TemporaryFolder
    ) async throws {
        var passwords = ""
        for (user, password) in users {
            // docker-registry supports only bcrypt; cost 4 is the lowest.
            let line = try await SpawnedProcess.run(
                "htpasswd", ["-nbB", "-C", "4", user, password])
            guard line.status == 0 else { throw FixtureError("htpasswd: \(line.errors)") }
            passwords += line.output
        }
        try folder.write(passwords, to: "htpasswd")
    }

    /// The kernel picks the port, so that no other program can take it first; it is read from the
    /// log.
    private static func waitForPort(_ folder: TemporaryFolder) throws -> UInt16 {
        let mark = "listening on 127.0.0.1:"
        for _ in 0..<3000 {
            let log = folder.text("registry.log")
            if let line = log.split(separator: "\n").first(where: { $0.contains(mark) }),
                let start = line.firstRange(of: mark)?.upperBound,
                let port = UInt16(line[start...].prefix { $0.isNumber })
            {
                return port
            }
            usleep(10_000)
        }
        throw FixtureError("docker-registry: does not listen: \(folder.text("registry.log"))")
    }

    /// Runs garbage collection, which deletes manifests without a tag and unreferenced blobs.
    ///
    /// - Throws: ``FixtureError`` if garbage collection fails.
    public func collectGarbage() async throws {
        let result = try await SpawnedProcess.run(
            "docker-registry", ["garbage-collect", "--delete-untagged", folder("config.yml")])
        guard result.status == 0 else { throw FixtureError("docker-registry: \(result.errors)") }
    }

    /// Stops the registry.
    ///
    /// Its logs and storage are kept until it is released.
    public func stop() {
        process.stop()
    }

    /// Kills the registry.
    public func kill() {
        process.kill()
    }

    deinit {
        process.stop()
    }

    /// Returns the repository with a path in this registry.
    public func repository(_ path: String) throws -> Repository {
        try Repository(parsing: "\(host)/\(path)")
    }

    /// The requests in the order in which they were completed.
    ///
    /// The line of a HEAD or of another small response is written before the response is sent; that
    /// of a blob can be written shortly after.
    public var requests: [RecordedRequest] { AccessLog.requests(folder.text("access.log")) }
}
