// SPDX-License-Identifier: Apache-2.0

public import OCI
public import TextSafety

/// A credential for a registry.
public enum Credential: Hashable, Sendable {
    /// A user and a password or personal token.
    case basic(user: String, password: Secret)
    /// A refresh token, which the token server exchanges for an access token.
    case identityToken(Secret)
    /// A Microsoft Entra identity, for Azure's registries.
    case entra(EntraIdentity)
}

/// A credential with its source.
public struct FoundCredential: Hashable, Sendable {
    /// The credential.
    public let credential: Credential
    /// The label of the source, such as `mirror.yaml`, a file's path or `standard input`.
    public let source: String
    /// A Boolean value that indicates whether the credential was entered for this request, so that
    /// no stored one has to be renewed.
    public let isEntered: Bool
    /// A Boolean value that indicates whether line breaks at the end of the user or the secret were
    /// removed.
    private(set) var isTrimmed = false

    /// The source and the user, for messages: `mirror.yaml (user me)`.
    public var label: String {
        source + (credential.displayUser.map { " (user \($0))" } ?? "")
    }

    /// Creates a found credential.
    public init(_ credential: Credential, source: String, isEntered: Bool = false) {
        let trimmed = credential.trimmingLineBreaks()
        self.credential = trimmed ?? credential
        self.source = source
        self.isEntered = isEntered
        self.isTrimmed = trimmed != nil
    }
}

extension Credential {
    /// The user's name, or `nil` if there is none or if it may be a secret.
    ///
    /// Some registries accept a token in place of the user's name.
    var displayUser: String? {
        guard case .basic(let user, _) = self, !user.isEmpty, user.utf8.count <= 64,
            !Self.tokenPrefixes.contains(where: user.hasPrefix)
        else { return nil }
        return UntrustedText(user).display
    }

    /// The prefixes of tokens of GitHub, Docker Hub, GitLab and Microsoft Entra.
    private static let tokenPrefixes = [
        "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "dckr_", "glpat-", "gldt-", "eyJ",
    ]

    /// Creates a credential from a user and a password, which may denote a refresh token.
    ///
    /// Source: docker-credential-helpers § Development for `<token>`; Azure's registries for the
    /// user of zeros, under which `az acr login` has refresh tokens stored.
    public init(user: String, password: Secret) {
        let isToken = user == "<token>" || user == "00000000-0000-0000-0000-000000000000"
        self = isToken ? .identityToken(password) : .basic(user: user, password: password)
    }

    /// Returns the credential without line breaks at the end of its texts, or `nil` if there are
    /// none.
    fileprivate func trimmingLineBreaks() -> Credential? {
        switch self {
        case .basic(let user, let password):
            let shortUser = Secret(user).trimmingLineBreaks()
            let shortPassword = password.trimmingLineBreaks()
            guard shortUser != nil || shortPassword != nil else { return nil }
            return .basic(
                user: shortUser?.reveal() ?? user, password: shortPassword ?? password)
        case .identityToken(let token): return token.trimmingLineBreaks().map(Self.identityToken)
        case .entra: return nil
        }
    }

    /// The value of `Authorization` for the Basic scheme, or `nil` if there is no password.
    ///
    /// Source: RFC 7617 §2.
    var basicAuthorization: Secret? {
        guard case .basic(let user, let password) = self else { return nil }
        return Secret("Basic " + Base64.encode(Array("\(user):\(password.reveal())".utf8)))
    }

    /// Creates a credential from the `auth` member of an auth file, which encodes `user:password`.
    init?(encodedPair text: String) {
        guard let bytes = Base64.decode(text),
            let pair = String(validating: bytes, as: UTF8.self),
            let colon = pair.firstIndex(of: ":")
        else { return nil }
        // Docker once padded passwords with NUL bytes, which it removes.
        let password = pair[pair.index(after: colon)...].filter { $0 != "\0" }
        self.init(user: String(pair[..<colon]), password: Secret(password))
    }
}

/// The credential with which a request is sent, or the reason that there is none.
enum RequestCredential: Hashable, Sendable {
    /// None, because the registry has not required any yet.
    case notRequired
    /// None, because no source has one that the registry's scheme can use.
    case unavailable
    /// None, because this one was rejected.
    case omitted(RejectedCredential)
    /// A credential from a source.
    case found(FoundCredential)

    /// The credential; `nil` for an anonymous request.
    var credential: Credential? {
        if case .found(let found) = self { found.credential } else { nil }
    }
}

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
    /// Source: GHCR's token server responds 403 to an expired token and for a missing package.
    public var isCertain: Bool { status != 403 }

    /// The recommended action.
    public var hint: String { Self.hint(registry, source) }

    /// Returns the recommended action for a rejected credential of a source.
    static func hint(_ registry: RegistryHost, _ source: String) -> String {
        let variables = RegistryProfile.of(registry).tokenVariables
        return switch source {
        case "mirror.yaml": "renew registries.\(registry).credentials of mirror.yaml"
        case variables?.token:
            "set \(source) to a valid token with \(variables?.pullRight ?? ""), and "
                + "\(variables?.pushRight ?? "") to push"
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
