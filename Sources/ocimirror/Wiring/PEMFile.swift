// SPDX-License-Identifier: Apache-2.0

internal import Files

/// Checks of certificate and key files before any request, since libcurl reports a missing file
/// only when a connection is opened.
enum PEMFile {
    /// The maximum size in bytes; bundles of all public authorities have some 250 kB.
    private static let limit = 16 << 20

    /// Returns the problem of a file, or `nil` if it can be read and contains PEM.
    static func problem(at path: String) -> String? {
        do {
            let bytes = try BoundedFile.read(path, limit: limit)
            let text = String(decoding: bytes, as: UTF8.self)
            return text.contains("-----BEGIN ") ? nil : "not a PEM file"
        } catch {
            return "\(error)"
        }
    }
}
