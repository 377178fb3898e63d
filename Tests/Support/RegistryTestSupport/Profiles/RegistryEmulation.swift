// SPDX-License-Identifier: Apache-2.0

/// An emulation of a public registry: its differences from the default.
///
/// Each emulation is one file that also documents the registry. Its permanent behavior is in
/// ``earlyResponse(to:in:)`` and ``amended(_:to:in:)``, its temporary faults in ``faults(in:)``.
public protocol RegistryEmulation: Sendable {
    /// The hosts of the registry.
    var hosts: ProfileHosts { get }
    /// The differences that other registries share.
    var traits: RegistryTraits { get }
    /// The path of its token server.
    var tokenPath: String { get }
    /// The public repositories.
    var visibility: Visibility { get }
    /// The token issuer, with the permissions of users.
    var issuer: TokenIssuer { get }
    /// The storage that blobs are read from.
    var storage: SignedStorage { get }

    /// Returns a response that ends the request before its body is read, or `nil`.
    func earlyResponse(to request: RecordedRequest, in moment: ProfileMoment) -> ScriptedResponse?
    /// Returns the default response in the format of this registry.
    func amended(
        _ response: ScriptedResponse, to request: RecordedRequest, in moment: ProfileMoment
    ) -> ScriptedResponse
    /// Returns the faults of a mode.
    func faults(in mode: ProfileMode) -> [FaultRule]
}

extension RegistryEmulation {
    /// The default differences.
    public var traits: RegistryTraits { RegistryTraits() }

    /// Returns the default response; blobs are read from the storage.
    public func amended(
        _ response: ScriptedResponse, to request: RecordedRequest, in moment: ProfileMoment
    ) -> ScriptedResponse {
        storage.redirected(response, to: request, in: moment)
    }
}

/// The condition of a registry.
public enum ProfileMode: String, Sendable, CaseIterable {
    /// No faults.
    case calm
    /// The registry throttles clients in its own format.
    case throttled
    /// Responses are late, wrong or missing, and correct when the request is retried.
    case flaky
    /// The registry throttles all requests for a long time.
    case exhausted
}

/// The hosts of a registry.
public struct ProfileHosts: Hashable, Sendable {
    /// The host in references.
    public let name: String
    /// The host of the API.
    public let registry: String
    /// The host of the token server.
    public let tokens: String
    /// The host of the blob storage.
    public let storage: String

    /// All hosts that receive requests, without duplicates.
    public var all: [String] { Set([registry, tokens, storage]).sorted() }
}

/// The origins of the components of a running emulation.
struct ProfilePlaces: Hashable, Sendable {
    let registry: String
    let tokens: String
    let storage: String

    /// Creates the origins of a registry with its real host names.
    init(_ hosts: ProfileHosts) {
        registry = "https://\(hosts.registry)"
        tokens = "https://\(hosts.tokens)"
        storage = "https://\(hosts.storage)"
    }

    /// Creates the origins of a registry for manual use, without host names or certificates.
    ///
    /// Two names of the loopback interface make two origins.
    init(port: UInt16) {
        registry = "http://127.0.0.1:\(port)"
        tokens = registry
        storage = "http://localhost:\(port)"
    }

    /// Returns a Boolean value that indicates whether the request was sent to the right host.
    func serves(_ request: RecordedRequest) -> Bool {
        let place =
            switch Route(path: request.path) {
            case .token, .exchange: tokens
            case .storage: storage
            default: registry
            }
        return place.hasSuffix("//\(request.host)")
    }
}

/// The state on which a response can depend.
public struct ProfileMoment: Sendable {
    let places: ProfilePlaces
    /// A Boolean value that indicates whether the repository of the request exists.
    let knowsRepository: Bool
}

extension ScriptedResponse {
    /// Returns an HTML page, as a reverse proxy sends it.
    static func page(_ status: Int, _ title: String, _ headers: HeaderFields = [:])
        -> ScriptedResponse
    {
        var response = ScriptedResponse(
            status, headers,
            body: Bytes("<html><head><title>\(title)</title></head><body>\(title)</body></html>\n"))
        response.headers["Content-Type"] = "text/html"
        return response
    }

    /// Returns a line of plain text.
    static func text(_ status: Int, _ line: String, _ headers: HeaderFields = [:])
        -> ScriptedResponse
    {
        var response = ScriptedResponse(status, headers, body: Bytes("\(line)\n"))
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
        return response
    }
}
