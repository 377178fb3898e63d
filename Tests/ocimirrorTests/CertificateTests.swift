// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import Files
import RegistryTestSupport
import Testing

@testable import ocimirror

/// The certificate authorities that are trusted if none are configured.
@Suite(.timeLimit(.minutes(10))) struct CertificateTests {
    /// The certificate files of a distribution, and the trust that results from them.
    struct System: CustomTestStringConvertible {
        let testDescription: String
        var environment: [String: String] = [:]
        var files: [String] = []
        var directories: [String] = []
        let trust: TLSTrust?
    }

    private static let systems = [
        System(
            testDescription: "Debian", files: ["/etc/ssl/certs/ca-certificates.crt"],
            directories: ["/etc/ssl/certs"],
            trust: TLSTrust(caFile: "/etc/ssl/certs/ca-certificates.crt")),
        System(
            testDescription: "Fedora",
            files: [
                "/etc/pki/tls/certs/ca-bundle.crt",
                "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            ], directories: ["/etc/ssl/certs", "/etc/pki/tls/certs"],
            trust: TLSTrust(caFile: "/etc/pki/tls/certs/ca-bundle.crt")),
        System(
            testDescription: "Fedora without the links to the bundle",
            files: ["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
            directories: ["/etc/pki/tls/certs"],
            trust: TLSTrust(caFile: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")),
        System(
            testDescription: "openSUSE", files: ["/etc/ssl/ca-bundle.pem"],
            directories: ["/etc/ssl/certs"], trust: TLSTrust(caFile: "/etc/ssl/ca-bundle.pem")),
        System(
            testDescription: "Alpine's base", files: ["/etc/ssl/cert.pem"],
            directories: ["/etc/ssl/certs"], trust: TLSTrust(caFile: "/etc/ssl/cert.pem")),
        System(
            testDescription: "only a directory", directories: ["/etc/ssl/certs"],
            trust: TLSTrust(caDirectory: "/etc/ssl/certs")),
        System(
            testDescription: "a directory with the name of a bundle",
            directories: ["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs"],
            trust: TLSTrust(caDirectory: "/etc/ssl/certs")),
        System(testDescription: "no certificates", trust: nil),
        System(
            testDescription: "SSL_CERT_FILE", environment: ["SSL_CERT_FILE": "/own.pem"],
            files: ["/etc/ssl/certs/ca-certificates.crt"], trust: TLSTrust(caFile: "/own.pem")),
        System(
            testDescription: "SSL_CERT_DIR", environment: ["SSL_CERT_DIR": "/own:/more"],
            files: ["/etc/ssl/certs/ca-certificates.crt"],
            trust: TLSTrust(caDirectory: "/own:/more")),
        System(
            testDescription: "both variables",
            environment: ["SSL_CERT_FILE": "/own.pem", "SSL_CERT_DIR": "/own"],
            trust: TLSTrust(caFile: "/own.pem", caDirectory: "/own")),
        System(
            testDescription: "empty variables",
            environment: ["SSL_CERT_FILE": "", "SSL_CERT_DIR": ""],
            files: ["/etc/ssl/cert.pem"], trust: TLSTrust(caFile: "/etc/ssl/cert.pem")),
    ]

    @Test(arguments: systems)
    func `the certificates of each distribution are found`(system: System) {
        let trust = SystemCertificates.trust(environment: system.environment) { path in
            if system.files.contains(path) { return .regular }
            return system.directories.contains(path) ? .directory : nil
        }
        #expect(trust == system.trust)
    }

    @Test func `A26 the variables of OpenSSL replace the system's certificate authorities`()
        async throws
    {
        let authority = try await CertificateAuthority.make()
        let registry = LoopbackRegistry(certificate: try await authority.issue().pair)
        defer { withExtendedLifetime(registry) {} }
        registry.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        var workspace = try Workspace()
        let reference = "\(registry.host)/app:1.0"
        let untrusted = try await workspace.run("check", reference)
        #expect(untrusted.status == 2, "\(untrusted.said)")

        workspace.environment = ["SSL_CERT_FILE": authority.certificateFile]
        #expect(try await workspace.run("check", reference).status == 0)

        try await workspace.shell(
            "mkdir hashed && cp \(authority.certificateFile) hashed/ && openssl rehash hashed")
        workspace.environment = ["SSL_CERT_DIR": workspace.folder("hashed")]
        #expect(try await workspace.run("check", reference).status == 0)

        // An option is more specific than the environment.
        let other = try await CertificateAuthority.make()
        let replaced = try await workspace.run(
            "check", "--ca-file", other.certificateFile, reference)
        #expect(replaced.status == 2)
        workspace.environment = ["SSL_CERT_FILE": "/does/not/exist.pem"]
        let missing = try await workspace.run("check", reference)
        #expect(missing.status == 2)
        #expect(missing.said.contains("/does/not/exist.pem"), "\(missing.said)")
    }
}
