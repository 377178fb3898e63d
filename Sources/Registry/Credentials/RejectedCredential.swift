// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A credential that a registry or its token server rejected.
public struct RejectedCredential: Hashable, Sendable {
    /// The registry that the credential is for.
    public let registry: RegistryHost
    /// The label of the credential's source, such as `mirror.yaml` or a file's path.
    public let source: String
    /// The user's name, or `nil` if there is none or if it may be a secret.
    public let user: String?
    /// The host that rejected the credential: the registry, or its token server.
    public let rejectedBy: String
    /// The status of the response; `nil` if another service, such as Microsoft Entra, rejected it.
    public let status: Int?

    /// Creates a rejected credential.
    public init(
        registry: RegistryHost, source: String, user: String? = nil, rejectedBy: String,
        status: Int?
    ) {
        self.registry = registry
        self.source = source
        self.user = user
        self.rejectedBy = rejectedBy
        self.status = status
    }

    /// A Boolean value that indicates whether the credential itself was rejected.
    ///
    /// 403 may also mean that a valid credential lacks a right, or that the repository does not
    /// exist.
    ///
    /// Source: GHCR's token server answers 403 to an expired token and for a missing package.
    public var isCertain: Bool { status != 403 }

    /// The recommended action.
    public var hint: String {
        switch source {
        case "mirror.yaml": "renew registries.\(registry).credentials of mirror.yaml"
        case "GITHUB_TOKEN": "set GITHUB_TOKEN to a valid token that may read packages"
        default: "renew the credentials, for example with 'ocimirror login \(registry)'"
        }
    }
}

extension RejectedCredential: CustomStringConvertible {
    /// One line: the source, the user, and who rejected the credential.
    public var description: String {
        let user = user.map { " (user \($0))" } ?? ""
        let status = status.map { " (\($0))" } ?? ""
        return "credentials from \(source)\(user) rejected by \(rejectedBy)\(status)"
    }
}
