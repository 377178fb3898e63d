// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// What a registry is shown to prove who asks.
public enum Credential: Hashable, Sendable {
    /// Nothing.
    case none
    /// A user and a password or personal token.
    case basic(user: String, password: Secret)
    /// A refresh token, which the token endpoint turns into one for access.
    case identityToken(Secret)
    /// A program that Microsoft Entra knows, which may log in to Azure's registries.
    case entra(EntraIdentity)
}

/// A credential, and where it was found.
public struct FoundCredential: Hashable, Sendable {
    /// The credential.
    public let credential: Credential
    /// The source's label, such as `mirror.yaml` or a file's path; nil where nothing was found.
    public let source: String?

    /// The rejected credential that anonymous access replaces; `nil` for every other access.
    var replaces: RejectedCredential?

    /// What stands where no source has anything.
    public static let nothing = FoundCredential(.none, source: nil)

    /// Makes a found credential.
    public init(_ credential: Credential, source: String?) {
        self.credential = credential
        self.source = source
    }
}

extension Credential {
    /// The user's name, or `nil` if there is none or if it may be a secret.
    ///
    /// Some registries take a token in place of the user's name.
    var shownUser: String? {
        guard case .basic(let user, _) = self, !user.isEmpty, user.utf8.count <= 64,
            !Self.tokenPrefixes.contains(where: user.hasPrefix)
        else { return nil }
        return UntrustedText(user).display
    }

    /// How the tokens of GitHub, Docker Hub, GitLab and Azure's directory begin.
    private static let tokenPrefixes = [
        "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "dckr_", "glpat-", "gldt-", "eyJ",
    ]

    /// Reads a user and a password as they are written down, which may stand for a refresh token.
    ///
    /// Source: docker-credential-helpers § Development for `<token>`; Azure's registries for the user
    /// of zeros, under which `az acr login` has refresh tokens stored.
    public init(user: String, password: Secret) {
        let isToken = user == "<token>" || user == "00000000-0000-0000-0000-000000000000"
        self = isToken ? .identityToken(password) : .basic(user: user, password: password)
    }

    /// The value of `Authorization` for the Basic scheme; nil where there is no password.
    ///
    /// Source: RFC 7617 §2.
    var basicAuthorization: Secret? {
        guard case .basic(let user, let password) = self else { return nil }
        return Secret("Basic " + Base64.encode(Array("\(user):\(password.reveal())".utf8)))
    }

    /// Reads `user:password` as it stands in the `auth` member of an auth file.
    init?(encodedPair text: String) {
        guard let bytes = Base64.decode(text),
            let pair = String(validating: bytes, as: UTF8.self),
            let colon = pair.firstIndex(of: ":")
        else { return nil }
        // Docker itself once padded passwords with NUL, and cuts that off.
        let password = pair[pair.index(after: colon)...].filter { $0 != "\0" }
        self.init(user: String(pair[..<colon]), password: Secret(password))
    }
}
