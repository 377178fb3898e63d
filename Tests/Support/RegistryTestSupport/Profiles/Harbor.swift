// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
internal import AsyncPrimitives

/// Harbor.
///
/// - Tokens come from `/service/token` of the same host; blobs are read from a storage service.
/// - A mount from another project is 401.
/// - Images with vulnerabilities cannot be pulled: HEAD and GET of their manifests are 412, and PUT
///   succeeds.
/// - A full project is 403, as is missing permission.
/// - Lists of referrers state the sizes of manifests together with their content.
/// - PUT of an immutable tag is 412.
///
/// Source: goharbor/harbor#17097, #15885, #17390, #20187; Harbor's documentation of immutable tags.
public final class Harbor: RegistryEmulation {
    private struct Policy {
        var blocksPulls = false
        var isFull = false
        var immutableTags: Set<String> = []
    }

    private let policy = Mutex(Policy())
    /// The public repositories.
    public let visibility: Visibility
    /// The token issuer, with the permissions of users.
    public let issuer: TokenIssuer
    /// The storage that blobs are read from.
    public let storage = SignedStorage()

    /// Creates a Harbor with users.
    public init(users: [String: String] = [:], _ visibility: Visibility = Visibility()) {
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "harbor-registry", users: users, lifetime: .seconds(1800),
            policy: visibility.policy)
    }

    /// Sets whether a policy blocks pulls.
    public func blockPulls(_ blocks: Bool = true) { policy.withLock { $0.blocksPulls = blocks } }

    /// Fills the project to its storage quota.
    public func fill() { policy.withLock { $0.isFull = true } }

    /// Makes a tag immutable.
    public func freeze(_ tag: String) { policy.withLock { _ = $0.immutableTags.insert(tag) } }

    /// The hosts of the registry.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "harbor.example.com", registry: "harbor.example.com",
            tokens: "harbor.example.com", storage: "s3.example.com")
    }

    /// The path of its token server.
    public var tokenPath: String { "/service/token" }

    /// Returns a response that ends the request.
    public func earlyResponse(to request: RecordedRequest, in moment: ProfileMoment)
        -> ScriptedResponse?
    {
        let policy = policy.withLock { $0 }
        let project = Self.project(of: request.repository)
        let tag = request.path.split(separator: "/").last.map(String.init) ?? ""
        switch request.kind {
        case .mount where Self.project(of: request.parameter("from")) != project:
            return ScriptedResponse(.unauthorized, "project not found")
        case .uploadCommit where policy.isFull:
            return ScriptedResponse(
                .denied,
                "adding 29.0 MiB of storage resource, which when updated to current usage of 152.4 "
                    + "MiB will exceed the configured upper limit of 10.0 MiB.")
        case .manifestPut where policy.immutableTags.contains(tag):
            return Self.failure(
                412, "PRECONDITION", "Failed to process request due to immutable tag")
        default: return nil
        }
    }

    /// Returns the response in the format of this registry.
    public func amended(
        _ response: ScriptedResponse, to request: RecordedRequest, in moment: ProfileMoment
    )
        -> ScriptedResponse
    {
        guard response.status == 200 else {
            return storage.redirected(response, to: request, in: moment)
        }
        switch request.kind {
        case .manifestHead, .manifestGet:
            guard policy.withLock({ $0.blocksPulls }) else { return response }
            return Self.failure(
                412, "PROJECTPOLICYVIOLATION",
                "current image with 86 vulnerabilities cannot be pulled due to configured policy")
        case .referrers:
            var response = response
            if let list = try? JSONValue(parsing: response.body.contiguous) {
                response.body = Bytes(list.withGreaterSizes.compactText)
            }
            return response
        default: return storage.redirected(response, to: request, in: moment)
        }
    }

    private static func project(of repository: String?) -> Substring? {
        repository?.prefix { $0 != "/" }
    }

    private static func failure(
        _ status: Int, _ code: String, _ message: String
    ) -> ScriptedResponse {
        ScriptedResponse(
            status,
            json: .object([
                .init(
                    "errors",
                    .array([
                        .object([
                            .init("code", .string(code)), .init("message", .string(message)),
                        ])
                    ]))
            ]))
    }

    /// Returns the faults of a mode; its nginx answers with pages.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let page = ScriptedResponse.page(503, "503 Service Temporarily Unavailable")
        return switch mode {
        case .calm: []
        case .throttled:
            [
                .on(
                    .head, "/manifests/*", hits: 1...1,
                    .answer(.page(429, "429 Too Many Requests"))),
                .on(
                    .put, "/manifests/*", hits: 1...1,
                    .answer(.page(429, "429 Too Many Requests"))),
            ]
        case .flaky:
            [
                .on(.get, "/manifests/*", hits: 1...1, .answer(page)),
                .on(.get, "/storage/*/*", hits: 1...1, .cutBody(at: 10)),
                .on(.put, "/blobs/uploads/*", hits: 1...1, .answer(page)),
            ]
        case .exhausted:
            [.on(nil, "*", .answer(.page(429, "429 Too Many Requests", ["Retry-After": "3600"])))]
        }
    }
}
