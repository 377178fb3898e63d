// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// Who this program is to Microsoft Entra, as its environment says, and how it proves that.
///
/// Source: the variables of Azure's identity libraries and of its workload identity for Kubernetes.
public struct EntraIdentity: Hashable, Sendable {
    /// How it is proved.
    enum Proof: Hashable, Sendable {
        /// A password of the application.
        case clientSecret(EntraApplication, Secret)
        /// A token of a cluster or a CI system that Entra trusts; it is short-lived, so its file is
        /// read for each login.
        case federatedToken(EntraApplication, file: String)
        /// By running on a machine of Azure's.
        case managedIdentity(ManagedIdentity)
    }

    let proof: Proof

    /// Looks for an identity for one of Azure's registries; nil where the environment has none.
    ///
    /// - Parameters:
    ///   - environment: the variables; empty ones have been left out.
    ///   - registry: whom the login is for.
    /// - Throws: `ContentError` where a variable is malformed.
    init?(environment: [String: String], at registry: RegistryHost) throws {
        guard let cloud = AzureCloud(of: registry) else { return nil }
        let kinds = EntraCredentialKinds(environment["AZURE_TOKEN_CREDENTIALS"])
        let application = try EntraApplication(environment: environment, cloud: cloud)
        if kinds.contains(.clientSecret), let application,
            let secret = environment["AZURE_CLIENT_SECRET"]
        {
            proof = .clientSecret(application, Secret(secret))
        } else if kinds.contains(.federatedToken), let application,
            let file = environment["AZURE_FEDERATED_TOKEN_FILE"]
        {
            proof = .federatedToken(application, file: file)
        } else if kinds.contains(.managedIdentity),
            let managed = try ManagedIdentity(environment: environment, isNamed: kinds.areNamed)
        {
            proof = .managedIdentity(managed)
        } else {
            return nil
        }
    }

    /// The tenant, where it is known.
    var tenant: String? {
        switch proof {
        case .clientSecret(let application, _), .federatedToken(let application, _):
            application.tenant
        case .managedIdentity: nil
        }
    }

    /// What a person calls it.
    var source: String {
        switch proof {
        case .clientSecret: "Microsoft Entra (AZURE_CLIENT_SECRET)"
        case .federatedToken: "Microsoft Entra (AZURE_FEDERATED_TOKEN_FILE)"
        case .managedIdentity: "Microsoft Entra (managed identity)"
        }
    }
}

/// An application that Microsoft Entra knows, and where it is asked.
struct EntraApplication: Hashable, Sendable {
    let tokens: HTTPURL
    let tenant: String
    let client: String

    /// - Throws: `ContentError` where a variable is malformed.
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
                .unavailable, "AZURE_TENANT_ID: is neither the id nor the domain of a tenant")
        }
        let authority = environment["AZURE_AUTHORITY_HOST"] ?? cloud.authority
        do {
            let base = try HTTPURL(
                parsing: authority.contains("://") ? authority : "https://\(authority)")
            guard base.origin.scheme == .https, base.target == "/" else {
                throw URLError(authority, "is no https:// address without a path")
            }
            tokens = try HTTPURL(base.origin, target: "/\(tenant)/oauth2/v2.0/token")
        } catch {
            throw ContentError(.unavailable, "AZURE_AUTHORITY_HOST: \(error)")
        }
        self.tenant = tenant
        self.client = client
    }
}

/// Which proofs `AZURE_TOKEN_CREDENTIALS` lets be used, in the words of Azure's libraries.
///
/// What names people's own logins, such as `AzureCliCredential` or `dev`, leaves none.
struct EntraCredentialKinds: Sendable {
    enum Kind: Sendable, CaseIterable {
        case clientSecret
        case federatedToken
        case managedIdentity
    }

    private let kinds: Set<Kind>
    /// Whether the variable is what says so.
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
