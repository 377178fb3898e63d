// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import OCI
internal import StrictJSON

/// What `login` and `logout` answer, as text and as JSON.
struct LoginDocument {
    let command: String
    let registry: RegistryHost
    /// Whether the registry has seen the login and taken it.
    var isVerified: Bool?
    /// Whether there was a login to forget.
    var wasRemoved: Bool?
    /// Where logins are kept.
    let place: String
    /// What a person is told.
    let text: String

    var json: JSONValue {
        [
            "schema": 1,
            "command": .string(command),
            "exitCode": .integer(Int(ExitCode.success.rawValue)),
            "registry": .string(registry.name),
            "verified": isVerified.map(JSONValue.bool) ?? .null,
            "removed": wasRemoved.map(JSONValue.bool) ?? .null,
            "storedIn": .string(place),
        ]
    }
}
