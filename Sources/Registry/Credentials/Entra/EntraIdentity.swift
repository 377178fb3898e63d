// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// The Microsoft Entra identity that the environment configures, with its credential.
///
/// Source: the variables of Azure's identity libraries and of its workload identity for Kubernetes.
public struct EntraIdentity: Hashable, Sendable {
    /// The credential.
    enum ClientCredential: Hashable, Sendable {
        /// A client secret.
        case clientSecret(EntraApplication, Secret)
        /// A federated token of a cluster or CI system.
        ///
        /// It is short-lived, so its file is
        /// read for each login.
        case federatedToken(EntraApplication, file: String)
        /// The managed identity of an Azure machine.
        case managedIdentity(ManagedIdentity)
    }

    let credential: ClientCredential

    /// Returns the identity for an Azure registry, or `nil` if the environment has none.
    ///
    /// - Parameters:
    ///   - environment: The variables, without empty ones.
    ///   - registry: The registry.
    /// - Throws: `ContentError` if a variable is malformed.
    init?(environment: [String: String], at registry: RegistryHost) throws {
        guard let cloud = AzureCloud(of: registry) else { return nil }
        let kinds = EntraCredentialKinds(environment["AZURE_TOKEN_CREDENTIALS"])
        let application = try EntraApplication(environment: environment, cloud: cloud)
        if kinds.contains(.clientSecret), let application,
            let secret = environment["AZURE_CLIENT_SECRET"]
        {
            credential = .clientSecret(application, Secret(secret))
        } else if kinds.contains(.federatedToken), let application,
            let file = environment["AZURE_FEDERATED_TOKEN_FILE"]
        {
            credential = .federatedToken(application, file: file)
        } else if kinds.contains(.managedIdentity),
            let managed = try ManagedIdentity(environment: environment, isNamed: kinds.areNamed)
        {
            credential = .managedIdentity(managed)
        } else {
            return nil
        }
    }

    /// The tenant, if it is known.
    var tenant: String? {
        switch credential {
        case .clientSecret(let application, _), .federatedToken(let application, _):
            application.tenant
        case .managedIdentity: nil
        }
    }

    /// A description for messages.
    var source: String {
        switch credential {
        case .clientSecret: "Microsoft Entra (AZURE_CLIENT_SECRET)"
        case .federatedToken: "Microsoft Entra (AZURE_FEDERATED_TOKEN_FILE)"
        case .managedIdentity: "Microsoft Entra (managed identity)"
        }
    }
}

/// A Microsoft Entra application with its login endpoint.
struct EntraApplication: Hashable, Sendable {
    let tokens: HTTPURL
    let tenant: String
    let client: String

    /// Creates the application that the environment configures, or `nil` if there is none.
    ///
    /// - Throws: `ContentError` if a variable is malformed.
    init?(environment: [String: String], cloud: AzureCloud) throws {
        guard let tenant = environment["AZURE_TENANT_ID"],
            let client = environment["AZURE_CLIENT_ID"]
        else { return nil }
        guard
            tenant.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x2D
                    || $0 == 0x2E
            })
        else {
            throw ContentError(
                .unavailable, "AZURE_TENANT_ID: not a tenant ID or domain")
        }
        let authority = environment["AZURE_AUTHORITY_HOST"] ?? cloud.authority
        do {
            let base = try HTTPURL(
                parsing: authority.contains("://") ? authority : "https://\(authority)")
            guard base.origin.scheme == .https, base.target == "/" else {
                throw URLError(authority, "is not an https:// URL without a path")
            }
            tokens = try HTTPURL(base.origin, target: "/\(tenant)/oauth2/v2.0/token")
        } catch {
            throw ContentError(.unavailable, "AZURE_AUTHORITY_HOST: \(error)")
        }
        self.tenant = tenant
        self.client = client
    }
}

/// The kinds of credentials that `AZURE_TOKEN_CREDENTIALS` permits, as in Azure's libraries.
///
/// Values for interactive logins, such as `AzureCliCredential` or `dev`, permit none.
struct EntraCredentialKinds: Sendable {
    enum Kind: Sendable, CaseIterable {
        case clientSecret
        case federatedToken
        case managedIdentity
    }

    private let kinds: Set<Kind>
    /// A Boolean value that indicates whether the variable is set.
    let areNamed: Bool

    init(_ text: String?) {
        areNamed = text != nil
        switch text?.lowercased() {
        case nil, "prod"?: kinds = Set(Kind.allCases)
        case "environmentcredential"?: kinds = [.clientSecret]
        case "workloadidentitycredential"?: kinds = [.federatedToken]
        case "managedidentitycredential"?: kinds = [.managedIdentity]
        default: kinds = []
        }
    }

    func contains(_ kind: Kind) -> Bool { kinds.contains(kind) }
}
