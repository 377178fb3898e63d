// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A registry with tokens` {
    let image = ImageBuilder().image(layers: [.raw([1])])
    let path = "/v2/library/app/manifests/1.0"

    func registry(_ issuer: TokenIssuer, realm: String? = nil) -> LoopbackRegistry {
        let registry = LoopbackRegistry(authentication: .bearer(issuer, realm: realm))
        registry.publish(image, repository: "library/app", tag: "1.0")
        return registry
    }

    /// Requests a token as a client does, and returns it.
    func token(
        of registry: LoopbackRegistry, scope: String, user: String? = nil, password: String = ""
    ) async throws -> (status: Int, header: (String, String)) {
        let response = try await PlainClient(host: registry.host).send(
            .get, "/token?service=loopback&scope=\(scope)",
            user.map { [("Authorization", Authentication.basic($0, password))] } ?? [])
        let token = response.text.split(separator: "\"").first { $0.hasPrefix("token-") } ?? ""
        return (response.status, ("Authorization", "Bearer \(token)"))
    }

    @Test func `sends a challenge with the required scope`() async throws {
        let registry = registry(TokenIssuer())
        let response = try await PlainClient(host: registry.host).send(.get, path)
        #expect(response.status == 401)
        #expect(
            response.headers["WWW-Authenticate"]
                == "Bearer realm=\"\(registry.tokenURL)\",service=\"loopback\",scope=\"repository:library/app:pull\""
        )
    }

    @Test func `serves anonymous pulls and rejects anonymous pushes`() async throws {
        let registry = registry(TokenIssuer())
        let client = try PlainClient(host: registry.host)
        let pull = try await token(of: registry, scope: "repository:library/app:pull,push")
        #expect(try await client.send(.get, path, [pull.header]).status == 200)
        let push = try await client.send(.post, "/v2/library/app/blobs/uploads/", [pull.header])
        #expect(push.status == 401)
        #expect(push.headers["WWW-Authenticate"]?.hasSuffix("error=\"insufficient_scope\"") == true)
        let other = try await client.send(.get, "/v2/library/other/tags/list", [pull.header])
        #expect(other.status == 401)
    }

    @Test func `lets a user push with the right password only`() async throws {
        let registry = registry(TokenIssuer(users: ["ci": "secret"], policy: TokenIssuer.usersOnly))
        let client = try PlainClient(host: registry.host)
        let scope = "repository:library/app:pull,push"
        let wrong = try await token(of: registry, scope: scope, user: "ci", password: "guess")
        #expect(wrong.status == 401)
        let right = try await token(of: registry, scope: scope, user: "ci", password: "secret")
        let push = try await client.send(.post, "/v2/library/app/blobs/uploads/", [right.header])
        #expect(push.status == 202)
        let anonymous = try await token(of: registry, scope: scope)
        #expect(try await client.send(.get, path, [anonymous.header]).status == 401)
    }

    @Test func `accepts a token a limited number of times, and no revoked one`() async throws {
        let issuer = TokenIssuer(lifetime: .uses(2))
        let registry = registry(issuer)
        let client = try PlainClient(host: registry.host)
        let scope = "repository:library/app:pull"
        let first = try await token(of: registry, scope: scope)
        var statuses: [Int] = []
        for _ in 1...3 { statuses.append(try await client.send(.get, path, [first.header]).status) }
        #expect(statuses == [200, 200, 401])
        let second = try await token(of: registry, scope: scope)
        issuer.revokeAll()
        #expect(try await client.send(.get, path, [second.header]).status == 401)
        #expect(issuer.issued == 2)
    }

    @Test func `accepts tokens of another token server`() async throws {
        let issuer = TokenIssuer()
        let tokens = LoopbackRegistry(issuing: issuer)
        let registry = registry(issuer, realm: tokens.tokenURL)
        let client = try PlainClient(host: registry.host)
        let challenge = try await client.send(.get, path).headers["WWW-Authenticate"]
        #expect(challenge?.contains(tokens.tokenURL) == true)
        let pull = try await token(of: tokens, scope: "repository:library/app:pull")
        #expect(try await client.send(.get, path, [pull.header]).status == 200)
        #expect(try await client.send(.get, "/token?service=loopback").status == 404)
        #expect(tokens.requests.count(of: .token) == 1)
    }

    @Test func `rejects expired tokens`() async throws {
        let registry = registry(TokenIssuer(lifetime: .seconds(0)))
        let pull = try await token(of: registry, scope: "repository:library/app:pull")
        let response = try await PlainClient(host: registry.host).send(.get, path, [pull.header])
        #expect(response.status == 401)
        #expect(
            response.headers["WWW-Authenticate"]?.hasSuffix("error=\"invalid_token\"") == true)
    }

    /// Docker calls a credential that a store returns for the user `<token>` an identity token.
    @Test(arguments: [
        ("grant_type=password&username=ci&password=secret", 200),
        ("grant_type=password&username=eve&password=secret", 401),
        ("grant_type=refresh_token&refresh_token=secret", 200),
        ("grant_type=refresh_token&refresh_token=guess", 401),
    ])
    func `also issues tokens by OAuth 2`(_ form: String, _ status: Int) async throws {
        let registry = registry(TokenIssuer(users: ["ci": "secret"]))
        let response = try await PlainClient(host: registry.host).send(
            .post, "/token", [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array("\(form)&service=loopback&scope=repository:library/app:push".utf8))
        #expect(response.status == status)
    }
}
