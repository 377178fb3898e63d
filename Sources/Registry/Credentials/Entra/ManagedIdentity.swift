// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import TextSafety

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
