// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import TextSafety

/// The identity that Azure gives to one of its machines or to what runs there.
///
/// Whoever runs elsewhere and asks for it waits in vain, so it is asked for only where the environment
/// hints at it.
///
/// Source: Azure's documentation of managed identities: the instance metadata service for virtual
/// machines, `IDENTITY_ENDPOINT` for App Service and Container Apps.
struct ManagedIdentity: Hashable, Sendable {
    /// Where tokens are asked for, with the query but for the client.
    private let url: HTTPURL
    /// What proves that the request comes from inside.
    private let header: Secret?
    /// Which of the machine's identities; nil for the one that it has.
    private let client: String?

    /// The address of the instance metadata service, the same on every machine.
    static let instanceMetadata = "http://169.254.169.254/metadata/identity/oauth2/token"

    /// - Parameters:
    ///   - environment: the variables.
    ///   - isNamed: whether the user has asked for managed identities by a variable.
    /// - Throws: `ContentError` where `IDENTITY_ENDPOINT` is no address.
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
        // A tenant beside the client means that somebody else does the login, with a proof of theirs.
        let isHintedAt = client != nil && environment["AZURE_TENANT_ID"] == nil
        guard isNamed || isHintedAt,
            let url = try? HTTPURL(parsing: Self.instanceMetadata)
        else { return nil }
        self.url = url.adding(query: "api-version", "2018-02-01")
            .adding(query: "resource", AzureCloud.audience)
        self.header = nil
    }

    /// The request for a token of Entra.
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

    /// Both services are next door: who does not answer at once is not there.
    static let patience = HTTPTimeouts(
        connect: .seconds(3), firstByte: .seconds(20), total: .seconds(30))
}
