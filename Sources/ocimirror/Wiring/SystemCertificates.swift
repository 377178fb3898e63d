// SPDX-License-Identifier: Apache-2.0

internal import CurlHTTP
internal import Files

/// The system's certificate authorities.
///
/// A libcurl that is linked into the program knows only the paths of the distribution on which it
/// was built.
enum SystemCertificates {
    /// The bundles of the distributions, in the order in which they are searched.
    ///
    /// Source: root_linux.go of Go's crypto/x509.
    static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch, Alpine
        "/etc/pki/tls/certs/ca-bundle.crt",  // Fedora, RHEL
        "/etc/ssl/ca-bundle.pem",  // openSUSE
        "/etc/pki/tls/cacert.pem",  // OpenELEC
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7, Fedora without the links
        "/etc/ssl/cert.pem",  // Alpine
    ]

    /// The directories that are searched if no bundle exists.
    static let directories = ["/etc/ssl/certs", "/etc/pki/tls/certs"]

    /// Returns the certificate authorities to trust where none are configured.
    ///
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's, as in OpenSSL. A bundle is preferred
    /// to a directory, because libcurl parses it once for all connections.
    ///
    /// - Parameters:
    ///   - environment: The environment variables.
    ///   - kind: Returns the kind of a file, or `nil` if it cannot be read.
    /// - Returns: The trust settings, or `nil` to leave the choice to libcurl.
    static func trust(
        environment: [String: String], kind: (String) -> FileStatus.Kind? = kind
    ) -> TLSTrust? {
        let file = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        let directory = environment["SSL_CERT_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        if file != nil || directory != nil {
            return TLSTrust(caFile: file, caDirectory: directory)
        }
        if let bundle = bundles.first(where: { kind($0) == .regular }) {
            return TLSTrust(caFile: bundle)
        }
        return directories.first { kind($0) == .directory }.map { TLSTrust(caDirectory: $0) }
    }

    private static func kind(of path: String) -> FileStatus.Kind? {
        (try? FileStatus.of(path))?.kind
    }
}
