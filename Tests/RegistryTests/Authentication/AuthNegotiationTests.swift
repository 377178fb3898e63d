// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// The remedies after a 401 or 403, without a registry.
@Suite struct `Auth negotiations` {
    typealias StepResult = AuthNegotiation.StepResult

    /// A negotiation as a list of responses with the step that follows each of them.
    struct Path: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var scheme: AuthScheme?
        var access = Access.pull("app")
        var sharedScopes: [Scope]?
        var allowsAnonymous = true
        let first: String
        let steps: [(response: StepResult, step: String)]
        /// The response to the last request; without a status for an error response.
        var ending: (status: Int?, isHidden: Bool)?
        var facts: [String] = []
    }

    static let server = TokenServer(
        url: url("https://reg.test/token"), service: nil, isTrusted: true, addressScope: .anywhere)
    static let bearer = AuthScheme.bearer(server)
    static let basic = AuthScheme.basic
    static let me = FoundCredential(.user("me", "old"), source: "file")
    static let renewed = FoundCredential(.user("me", "new"), source: "file")
    static let rejected = RejectedCredential(
        registry: .dockerHub, source: "file", rejectedBy: "auth.docker.io", status: 401)
    static let shared = ["app", "base"].map { Scope(repository: $0, actions: [.pull]) }

    static func url(_ text: String) -> HTTPURL {
        do { return try HTTPURL(parsing: text) } catch { fatalError("\(error)") }
    }

    static func naming(_ scope: String) -> AuthScheme {
        .bearer(server, scopes: Scope.all(in: scope))
    }

    static func token(_ text: String, isCached: Bool = false) -> StepResult {
        .token(Secret("Bearer \(text)"), isCached: isCached)
    }

    /// The step as text: what is sent, and as whom.
    static func text(_ step: AuthNegotiation.Step) -> String {
        switch step {
        case .send(let authorization):
            guard let text = authorization?.reveal() else { return "send nothing" }
            return text.hasPrefix("Basic ") ? "send a password" : "send \(text)"
        case .checkVersion: return "check the version"
        case .findCredential: return "find"
        case .renewCredential(let found): return "renew \(name(found.credential))"
        case .requestToken(let request, let rejected):
            let scopes = request.scopes.map { $0.description.dropFirst("repository:".count) }
            let other = rejected.map { " other than \($0.reveal())" } ?? ""
            return "token \(scopes.joined(separator: " ")) as \(name(request.credential))\(other)"
        case .fail: return "fail"
        }
    }

    static func name(_ credential: Credential?) -> String {
        switch credential {
        case .basic(_, let password)?: password.reveal()
        case nil: "anonymous"
        case .identityToken, .entra: "other"
        }
    }

    static func text(_ fact: AuthNegotiation.Fact) -> String {
        switch fact {
        case .sharedTokenRejected: "shared token rejected"
        case .sharedTokensUnsupported: "shared tokens unsupported"
        case .scopesRequired(let scopes): "required \(scopes.map(\.description).joined())"
        case .credentialAccepted(let found): "accepted \(name(found.credential))"
        case .requestAccepted: "request accepted"
        case .anonymousResponse(insteadOf: let rejected, let isSuccess):
            "\(isSuccess ? "accepted" : "failed") without that from \(rejected.source)"
        case .credentialRejected(let found, _): "rejected \(name(found.credential))"
        }
    }

    @Test(arguments: firstRequests + tokens + passwords + sharedTokens + responses)
    func `follow the path`(path: Path) throws {
        let registry = try RegistryHost(parsing: "reg.test")
        let repository = try Repository(registry: registry, path: path.access.repository)
        var negotiation = AuthNegotiation(
            of: Operation(
                kind: .manifestHead, phrase: "test", repository: repository, access: path.access),
            scheme: path.scheme, scopes: path.access.scopes, sharedScopes: path.sharedScopes,
            allowsAnonymous: path.allowsAnonymous)
        #expect(Self.text(negotiation.firstStep) == path.first)
        for (response, step) in path.steps {
            #expect(Self.text(negotiation.next(after: response)) == step, "\(response)")
        }
        if let ending = path.ending {
            let isHidden = negotiation.finish(status: ending.status)
            #expect(isHidden == ending.isHidden)
        }
        #expect(negotiation.takeFacts().map(Self.text) == path.facts)
        #expect(negotiation.takeFacts().isEmpty)
    }

    // MARK: Tables

    static let firstRequests = [
        Path(
            testDescription: "an anonymous token after the first 401", first: "send nothing",
            steps: [
                (.rejected(status: 401, bearer), "find"),
                (.credential(.unavailable), "token app:pull as anonymous"),
                (token("t"), "send Bearer t"),
                (.rejected(status: 401, bearer), "fail"),
            ]),
        Path(
            testDescription: "a version check after a response without a challenge",
            first: "send nothing",
            steps: [
                (.rejected(status: 403, nil), "check the version"),
                (.versionChecked(basic), "find"), (.credential(.found(me)), "send a password"),
            ]),
        Path(
            testDescription: "no challenge at all", first: "send nothing",
            steps: [
                (.rejected(status: 403, nil), "check the version"), (.versionChecked(nil), "fail"),
            ]),
        Path(
            testDescription: "no password for Basic", first: "send nothing",
            steps: [(.rejected(status: 401, basic), "find"), (.credential(.unavailable), "fail")]),
        Path(
            testDescription: "no password for Basic that is already known", scheme: .basic,
            first: "find",
            steps: [
                (.credential(.unavailable), "send nothing"),
                (.rejected(status: 401, basic), "fail"),
            ]),
        Path(
            testDescription: "a registry that changes from Basic to tokens", scheme: .basic,
            first: "find",
            steps: [
                (.credential(.unavailable), "send nothing"),
                (.rejected(status: 401, bearer), "token app:pull as anonymous"),
            ]),
    ]

    static let tokens = [
        Path(
            testDescription: "a cached token is replaced once", scheme: bearer,
            allowsAnonymous: false, first: "find",
            steps: [
                (.credential(.found(me)), "token app:pull as old"),
                (token("t1", isCached: true), "send Bearer t1"),
                (.rejected(status: 401, bearer), "token app:pull as old other than Bearer t1"),
                (token("t2", isCached: true), "send Bearer t2"),
                (.rejected(status: 401, bearer), "fail"),
            ], facts: ["accepted old", "accepted old"]),
        Path(
            testDescription: "a cached token is kept after a 403 with a challenge",
            scheme: bearer, allowsAnonymous: false, first: "find",
            steps: [
                (.credential(.unavailable), "token app:pull as anonymous"),
                (token("t", isCached: true), "send Bearer t"),
                (.rejected(status: 403, bearer), "fail"),
            ]),
        Path(
            testDescription: "a cached token is replaced after a 403 without a challenge",
            scheme: bearer, first: "find",
            steps: [
                (.credential(.unavailable), "token app:pull as anonymous"),
                (token("t", isCached: true), "send Bearer t"),
                (.rejected(status: 403, nil), "token app:pull as anonymous other than Bearer t"),
            ]),
        Path(
            testDescription: "a cached token is replaced if an earlier request fell back",
            scheme: bearer, first: "find",
            steps: [
                (.credential(.omitted(rejected)), "token app:pull as anonymous"),
                (token("t", isCached: true), "send Bearer t"),
                (.rejected(status: 401, bearer), "token app:pull as anonymous other than Bearer t"),
            ], ending: (200, isHidden: false), facts: ["accepted without that from file"]),
        Path(
            testDescription: "a wider scope is requested once, then nothing is left",
            scheme: bearer, first: "find",
            steps: [
                (.credential(.found(me)), "token app:pull as old"), (token("t1"), "send Bearer t1"),
                (
                    .rejected(status: 401, naming("repository:app:metadata_read")),
                    "token app:metadata_read,pull as old"
                ),
                (token("t2"), "send Bearer t2"),
                (.rejected(status: 401, naming("repository:app:metadata_read,push")), "fail"),
            ],
            facts: [
                "accepted old", "accepted old", "required repository:app:metadata_read,pull",
            ]),
        Path(
            testDescription: "a wider scope after a token that has expired",
            scheme: bearer, first: "find",
            steps: [
                (.credential(.unavailable), "token app:pull as anonymous"),
                (token("t1", isCached: true), "send Bearer t1"),
                (
                    .rejected(status: 401, bearer),
                    "token app:pull as anonymous other than Bearer t1"
                ),
                (token("t2"), "send Bearer t2"),
                (
                    .rejected(status: 401, naming("repository:app:metadata_read")),
                    "token app:metadata_read,pull as anonymous"
                ),
            ]),
        Path(
            testDescription: "a password that the token server denies is read again",
            scheme: bearer, first: "find",
            steps: [
                (.credential(.found(me)), "token app:pull as old"),
                (.tokenDenied(status: 401), "renew old"),
                (.renewedCredential(renewed), "token app:pull as new"),
                (.tokenDenied(status: 401), "token app:pull as anonymous"),
                (token("t"), "send Bearer t"), (.rejected(status: 401, bearer), "fail"),
            ], facts: ["rejected new"]),
        Path(
            testDescription: "a denied password of a push", scheme: bearer,
            access: .push("app"), allowsAnonymous: false, first: "find",
            steps: [
                (.credential(.found(me)), "token app:pull,push as old"),
                (.tokenDenied(status: 403), "renew old"), (.renewedCredential(nil), "fail"),
            ], facts: ["rejected old"]),
        Path(
            testDescription: "anonymous access is tried once", scheme: bearer, first: "find",
            steps: [
                (.credential(.found(me)), "token app:pull as old"), (token("t"), "send Bearer t"),
                (.rejected(status: 403, bearer), "token app:pull as anonymous"),
                (.tokenDenied(status: 401), "fail"),
            ], facts: ["accepted old"]),
    ]

    static let passwords = [
        Path(
            testDescription: "a rejected password is read again, then omitted", scheme: .basic,
            first: "find",
            steps: [
                (.credential(.found(me)), "send a password"),
                (.rejected(status: 401, basic), "renew old"),
                (.renewedCredential(renewed), "send a password"),
                (.rejected(status: 401, basic), "send nothing"),
                (.rejected(status: 401, basic), "fail"),
            ], facts: ["rejected new"]),
        Path(
            testDescription: "a password without a right is not read again", scheme: .basic,
            first: "find",
            steps: [
                (.credential(.found(me)), "send a password"),
                (.rejected(status: 403, basic), "send nothing"),
            ]),
        Path(
            testDescription: "a rejected password of a push", scheme: .basic,
            access: .push("app"), allowsAnonymous: false, first: "find",
            steps: [
                (.credential(.found(me)), "send a password"),
                (.rejected(status: 401, basic), "renew old"),
                (.renewedCredential(nil), "fail"),
            ], facts: ["rejected old"]),
    ]

    static let sharedTokens = [
        Path(
            testDescription: "a rejected shared token is replaced by the repository's own",
            scheme: bearer, sharedScopes: shared, first: "find",
            steps: [
                (.credential(.unavailable), "token app:pull base:pull as anonymous"),
                (token("both"), "send Bearer both"),
                (.rejected(status: 401, bearer), "token app:pull as anonymous"),
                (token("own"), "send Bearer own"),
            ], facts: ["shared token rejected"]),
        Path(
            testDescription: "a denied shared token is replaced by the repository's own",
            scheme: bearer, sharedScopes: shared, first: "find",
            steps: [
                (.credential(.unavailable), "token app:pull base:pull as anonymous"),
                (.tokenDenied(status: 403), "token app:pull as anonymous"),
                (token("own"), "send Bearer own"),
            ], facts: ["shared tokens unsupported"]),
        Path(
            testDescription: "a token that is shared is tried again with another credential",
            scheme: bearer, sharedScopes: shared, first: "find",
            steps: [
                (.credential(.found(me)), "token app:pull base:pull as old"),
                (.tokenDenied(status: 401), "token app:pull as old"),
                (.tokenDenied(status: 401), "renew old"),
                (.renewedCredential(nil), "token app:pull base:pull as anonymous"),
                (token("both"), "send Bearer both"),
            ], facts: ["rejected old"]),
    ]

    static let denied: [(response: StepResult, step: String)] = [
        (.credential(.found(me)), "send a password"),
        (.rejected(status: 403, basic), "send nothing"),
    ]

    static let responses = [
        Path(
            testDescription: "a response to the first request", first: "send nothing", steps: [],
            ending: (200, isHidden: false)),
        Path(
            testDescription: "an accepted password", scheme: .basic, first: "find",
            steps: [(.credential(.found(me)), "send a password")], ending: (200, isHidden: false),
            facts: ["accepted old", "request accepted"]),
        Path(
            testDescription: "an error after a password", scheme: .basic, first: "find",
            steps: [(.credential(.found(me)), "send a password")], ending: (nil, isHidden: false)),
        Path(
            testDescription: "an accepted token", scheme: bearer, first: "find",
            steps: [
                (.credential(.found(me)), "token app:pull as old"), (token("t"), "send Bearer t"),
            ], ending: (404, isHidden: false), facts: ["accepted old", "request accepted"]),
        Path(
            testDescription: "an identity token that Basic cannot send", scheme: .basic,
            first: "find",
            steps: [
                (
                    .credential(
                        .found(FoundCredential(.identityToken(Secret("x")), source: "file"))),
                    "send nothing"
                )
            ], ending: (200, isHidden: false)),
        Path(
            testDescription: "a response without a rejected password", scheme: .basic,
            first: "find", steps: denied, ending: (200, isHidden: false),
            facts: ["accepted without that from file"]),
        Path(
            testDescription: "an error without a rejected password", scheme: .basic, first: "find",
            steps: denied, ending: (nil, isHidden: false), facts: ["failed without that from file"]),
        Path(
            testDescription: "a manifest that is missing without a rejected password",
            scheme: .basic, first: "find", steps: denied, ending: (404, isHidden: true),
            facts: ["failed without that from file"]),
    ]

    // Whatever a registry and its token server respond, a request ends.
    @Test(arguments: UInt64(1)...60)
    func `end after a bounded number of steps`(seed: UInt64) throws {
        var state = seed
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let requirements = [
            nil, Self.basic, Self.bearer, Self.naming("repository:app:metadata_read"),
        ]
        let registry = try RegistryHost(parsing: "reg.test")
        var negotiation = AuthNegotiation(
            of: Operation(
                kind: .manifestHead, phrase: "test",
                repository: try Repository(registry: registry, path: "app"), access: .pull("app")),
            scopes: Access.pull("app").scopes, sharedScopes: Self.shared, allowsAnonymous: true)
        var step = negotiation.firstStep
        var count = 0
        while step != .fail, count < 100 {
            count += 1
            let response: StepResult =
                switch step {
                case .send: .rejected(status: 401 + 2 * next(2), requirements[next(4)])
                case .checkVersion: .versionChecked(requirements[next(4)])
                case .findCredential: .credential(next(2) == 0 ? .found(Self.me) : .unavailable)
                case .renewCredential: .renewedCredential(next(2) == 0 ? Self.renewed : nil)
                case .requestToken, .fail:
                    next(2) == 0
                        ? Self.token("t\(count)", isCached: next(2) == 0)
                        : .tokenDenied(status: 401)
                }
            step = negotiation.next(after: response)
        }
        #expect(step == .fail && count <= 24)
    }
}
