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
        guard let cloud = RegistryProfile.of(registry).azureCloud else { return nil }
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

/// A managed identity of an Azure machine or of a workload that runs on it.
///
/// Elsewhere the request would time out, so it is sent only if the environment
/// indicates a managed identity.
///
/// Source: Azure's documentation of managed identities: the instance metadata service for virtual
/// machines, `IDENTITY_ENDPOINT` for App Service and Container Apps.
struct ManagedIdentity: Hashable, Sendable {
    /// The URL for tokens, without the client id.
    private let url: HTTPURL
    /// The secret of `IDENTITY_HEADER`, which shows that the request comes from the machine.
    private let header: Secret?
    /// The client id of one of several identities, or `nil` for the default one.
    private let client: String?

    /// The URL of the instance metadata service, the same on every machine.
    static let instanceMetadata = "http://169.254.169.254/metadata/identity/oauth2/token"

    /// Creates the identity that the environment configures, or `nil` if there is none.
    ///
    /// - Parameters:
    ///   - environment: The environment variables.
    ///   - isNamed: A Boolean value that indicates whether `AZURE_TOKEN_CREDENTIALS` selects
    ///     managed identities.
    /// - Throws: `ContentError` if `IDENTITY_ENDPOINT` is not a URL.
    init?(environment: [String: String], isNamed: Bool) throws {
        client = environment["AZURE_CLIENT_ID"]
        if let endpoint = environment["IDENTITY_ENDPOINT"],
            let header = environment["IDENTITY_HEADER"]
        {
            do {
                url = try HTTPURL(parsing: endpoint)
                    .adding(query: "api-version", "2019-08-01")
                    .adding(query: "resource", AzureCloud.audience)
            } catch {
                throw ContentError(.unavailable, "IDENTITY_ENDPOINT: \(error)")
            }
            self.header = Secret(header)
            return
        }
        // A tenant in addition to the client means that another kind of credential is used.
        let isIndicated = client != nil && environment["AZURE_TENANT_ID"] == nil
        guard isNamed || isIndicated,
            let url = try? HTTPURL(parsing: Self.instanceMetadata)
        else { return nil }
        self.url = url.adding(query: "api-version", "2018-02-01")
            .adding(query: "resource", AzureCloud.audience)
        self.header = nil
    }

    /// Returns the request for an Entra token.
    func httpRequest() -> HTTPRequest {
        let url = client.map { self.url.adding(query: "client_id", $0) } ?? self.url
        var request = HTTPRequest(.get, url)
        if let header {
            request.fields.appendIfValid("X-IDENTITY-HEADER", header.reveal())
        } else {
            request.fields.append("Metadata", "true")
        }
        return request
    }

    /// The time limits of both services, which are local and respond at once if they exist.
    static let timeouts = HTTPTimeouts(
        connect: .seconds(3), firstByte: .seconds(20), total: .seconds(30))
}

/// An Azure cloud, with its login endpoint.
///
/// Source: Azure's list of endpoints by cloud.
enum AzureCloud: Sendable {
    case global
    case china
    case usGovernment

    /// The login endpoint of Microsoft Entra.
    var authority: String {
        switch self {
        case .global: "https://login.microsoftonline.com"
        case .china: "https://login.chinacloudapi.cn"
        case .usGovernment: "https://login.microsoftonline.us"
        }
    }

    /// The audience of an Entra token for registries, the same in every cloud.
    ///
    /// Source: Azure's client libraries for container registries.
    static let audience = "https://containerregistry.azure.net"
}
