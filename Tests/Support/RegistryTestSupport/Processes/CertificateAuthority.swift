// SPDX-License-Identifier: Apache-2.0

/// A certificate authority for one test, created with `openssl`.
public final class CertificateAuthority: Sendable {
    /// The files of a certificate and its key.
    public struct Issued: Sendable {
        /// The certificate's path.
        public let certificateFile: String
        /// The key's path.
        public let keyFile: String
        /// The certificate and the key as text.
        public let pair: ServerCertificate
    }

    private let folder: TemporaryFolder

    /// The path of the authority's own certificate.
    public var certificateFile: String { folder("authority.pem") }

    /// The authority's own certificate as PEM text.
    public var certificate: String { folder.text("authority.pem") }

    private init(_ folder: TemporaryFolder) { self.folder = folder }

    /// Creates an authority.
    public static func make() async throws -> CertificateAuthority {
        let authority = CertificateAuthority(try TemporaryFolder())
        // Without its own configuration, openssl would add extensions from Debian's.
        try authority.folder.write("[req]\ndistinguished_name=name\n[name]\n", to: "openssl.cnf")
        try await authority.request(
            "authority", subject: "/CN=Throw-away authority", signing: [],
            extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"])
        return authority
    }

    /// Issues a certificate that is valid for two days.
    ///
    /// - Parameters:
    ///   - name: The name of the files, and the common name.
    ///   - hosts: The subject alternative names in openssl's syntax.
    /// - Returns: The certificate and its key.
    /// - Throws: ``FixtureError`` with openssl's message.
    public func issue(
        _ name: String = "server", for hosts: [String] = ["IP:127.0.0.1", "DNS:localhost"]
    ) async throws -> Issued {
        try await request(
            name, subject: "/CN=\(name)",
            signing: ["-CA", certificateFile, "-CAkey", folder("authority.key")],
            extensions: [
                "basicConstraints=critical,CA:FALSE",
                "subjectAltName=\(hosts.joined(separator: ","))",
            ])
        return Issued(
            certificateFile: folder("\(name).pem"), keyFile: folder("\(name).key"),
            pair: ServerCertificate(
                certificate: folder.text("\(name).pem"), key: folder.text("\(name).key")))
    }

    private func request(
        _ name: String, subject: String, signing: [String], extensions: [String]
    ) async throws {
        let result = try await SpawnedProcess.run(
            "openssl",
            [
                "req", "-config", folder("openssl.cnf"), "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", subject, "-keyout",
                folder("\(name).key"), "-out", folder("\(name).pem"),
            ] + signing + extensions.flatMap { ["-addext", $0] })
        guard result.status == 0 else { throw FixtureError("openssl: \(result.errors)") }
    }
}
