// SPDX-License-Identifier: Apache-2.0

/// A registry of the world, as what it does otherwise than the correct default.
///
/// Each profile is one file that reads as documentation of that registry. What it does always is in
/// ``refusal(of:in:)`` and ``amended(_:to:in:)``; what it does on bad days is in ``faults(in:)``.
public protocol RegistryEmulation: Sendable {
    /// The hosts that clients get to see.
    var hosts: ProfileHosts { get }
    /// In what it differs that other registries differ in too.
    var traits: RegistryTraits { get }
    /// The path of its token server.
    var tokenPath: String { get }
    /// Who may pull what.
    var visibility: Visibility { get }
    /// Who may do what, and with which tokens.
    var issuer: TokenIssuer { get }
    /// Where blobs are read from.
    var storage: SignedStorage { get }

    /// Answers a request that goes no further, before any of its body is read; nil where it goes on.
    func refusal(of request: RecordedRequest, in moment: ProfileMoment) -> Reply?
    /// Says in this registry's words what the default would have said.
    func amended(_ reply: Reply, to request: RecordedRequest, in moment: ProfileMoment) -> Reply
    /// What goes wrong on a day of the given kind.
    func faults(in mode: ProfileMode) -> [FaultRule]
}

/// What kind of day a registry has.
public enum ProfileMode: String, Sendable, CaseIterable {
    /// Nothing goes wrong.
    case calm
    /// It asks its clients, in its own words, to slow down.
    case throttled
    /// Answers are late, wrong or missing, and right when asked again.
    case flaky
    /// It wants no more requests for a long while.
    case exhausted
}

/// The hosts under which a registry is known.
public struct ProfileHosts: Hashable, Sendable {
    /// The host in references.
    public let name: String
    /// The host of its interface.
    public let registry: String
    /// The host of its token server.
    public let tokens: String
    /// The host from which blobs are read.
    public let storage: String

    /// Every host that requests go to, each once.
    public var all: [String] { Set([registry, tokens, storage]).sorted() }
}

/// The scheme, host and port under which the parts of a running profile are reached.
struct ProfilePlaces: Hashable, Sendable {
    let registry: String
    let tokens: String
    let storage: String

    /// The places of a registry that is reached under its real names.
    init(_ hosts: ProfileHosts) {
        registry = "https://\(hosts.registry)"
        tokens = "https://\(hosts.tokens)"
        storage = "https://\(hosts.storage)"
    }

    /// The places of a registry that is tried by hand, without names or certificates.
    ///
    /// Two names of this machine make two origins.
    init(port: UInt16) {
        registry = "http://127.0.0.1:\(port)"
        tokens = registry
        storage = "http://localhost:\(port)"
    }

    /// Whether the part that a request is for lives at the host that it was sent to.
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

/// What a profile may know of the moment in which it answers.
public struct ProfileMoment: Sendable {
    let places: ProfilePlaces
    /// Whether there is a repository of the name that the request names.
    let knowsRepository: Bool
}

extension Reply {
    /// A page such as a proxy before a registry shows.
    static func page(_ status: Int, _ title: String, _ headers: HeaderFields = [:]) -> Reply {
        var reply = Reply(
            status, headers,
            body: Bytes("<html><head><title>\(title)</title></head><body>\(title)</body></html>\n"))
        reply.headers["Content-Type"] = "text/html"
        return reply
    }

    /// A line of text.
    static func text(_ status: Int, _ line: String, _ headers: HeaderFields = [:]) -> Reply {
        var reply = Reply(status, headers, body: Bytes("\(line)\n"))
        reply.headers["Content-Type"] = "text/plain; charset=utf-8"
        return reply
    }
}
