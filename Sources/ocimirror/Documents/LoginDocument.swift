// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import OCI
internal import StrictJSON

/// The result of `login` and `logout` as text and JSON.
struct LoginDocument {
    let command: String
    let registry: RegistryHost
    /// A Boolean value that indicates whether the registry accepted the credentials.
    var isVerified: Bool?
    /// A Boolean value that indicates whether stored credentials were removed.
    var wasRemoved: Bool?
    /// The file or credential helper that stores the credentials.
    let storage: String
    /// The result as text.
    let text: String

    var json: JSONValue {
        [
            "schema": 1,
            "command": .string(command),
            "exitCode": .integer(Int(ExitCode.success.rawValue)),
            "registry": .string(registry.name),
            "verified": isVerified.map(JSONValue.bool) ?? .null,
            "removed": wasRemoved.map(JSONValue.bool) ?? .null,
            "storedIn": .string(storage),
        ]
    }
}
