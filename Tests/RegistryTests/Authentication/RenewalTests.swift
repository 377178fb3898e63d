// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// Tokens and passwords that expire during an operation.
@Suite(.timeLimit(.minutes(10))) struct `Renewal` {
    static let uploads = "https://reg.test/v2/app/blobs/uploads/"
    static let manifest = "https://reg.test/v2/app/manifests/1"
    static let commit = "\(uploads)1?digest=\(Sample.blob.digest)"
    static let push = "https://reg.test/token?service=reg.test&scope=repository:app:pull%2Cpush"
    static let pull = "https://reg.test/token?service=reg.test&scope=repository:app:pull"
    static let challenge = `Rejected credentials`.challenge()
    static let begun = ScriptedResponse(202, ["Location": "/v2/app/blobs/uploads/1"])

    static func issuing(_ token: String, _ url: String, life: Int = 300) -> Exchange {
        Exchange(
            "GET \(url)",
            ScriptedResponse(200, [:], #"{"token":"\#(token)","expires_in":\#(life)}"#))
    }

    @Test func `G09 replaces a token that is rejected during an upload, and sends the body again`()
        async throws
    {
        let scene = try Scene(
            [
                Exchange("POST \(Self.uploads)", ScriptedResponse(401, Self.challenge)),
                Self.issuing("t1", Self.push), Exchange("POST \(Self.uploads)", Self.begun),
                Exchange("PUT \(Self.commit)", ScriptedResponse(401, Self.challenge)),
                Self.issuing("t2", Self.push),
                Exchange("PUT \(Self.commit)", ScriptedResponse(201)),
            ], credentials: `Rejected credentials`.user)
        let arrival = try await scene.repository().push(
            blob: Sample.blob.descriptor, expecting: .absent, mountingFrom: nil,
            open: Sample.blob.open)
        #expect(arrival == .uploaded)
        let sent = scene.wire.requests.filter { $0.url == Self.commit }
        #expect(sent.map(\.authorization) == ["Bearer t1", "Bearer t2"])
        #expect(sent.map(\.body) == [Sample.blob.bytes, Sample.blob.bytes])
        scene.wire.expectDone()
    }

    @Test func `G09 replaces a token after seven tenths of its lifetime`() async throws {
        let time = VirtualTime()
        let scene = try Scene(
            [
                Exchange("POST \(Self.uploads)", ScriptedResponse(401, Self.challenge)),
                Self.issuing("t1", Self.push),
                Exchange("POST \(Self.uploads)", Self.begun.after { time.advance(.seconds(211)) }),
                Self.issuing("t2", Self.push),
                Exchange("PUT \(Self.commit)", ScriptedResponse(201)),
            ], credentials: `Rejected credentials`.user, time: time)
        _ = try await scene.repository().push(
            blob: Sample.blob.descriptor, expecting: .absent, mountingFrom: nil,
            open: Sample.blob.open)
        #expect(scene.wire.authorizations.last == "Bearer t2")
        scene.wire.expectDone()
    }

    /// A helper whose password the test changes.
    final class Keyring: Sendable {
        let password = Mutex("old")
        let asked = AsyncCondition(0)
        let fails = Mutex(false)
        /// The condition that each run waits for.
        let hold = Mutex<@Sendable () async throws -> Void>({})

        var run: CredentialHelper.Runner {
            { _, _, _ in
                let password = self.password.withLock { $0 }
                let hold = self.hold.withLock { $0 }
                self.asked.change { $0 += 1 }
                try await hold()
                if self.fails.withLock({ $0 }) {
                    return CredentialHelper.Output(status: 1, output: [])
                }
                return CredentialHelper.Output(
                    status: 0,
                    output: Array(#"{"ServerURL":"","Username":"me","Secret":"\#(password)"}"#.utf8)
                )
            }
        }

        static let environment = ["DOCKER_CONFIG": "/d"]
        static let read: CredentialStore.FileReader = {
            $0 == "/d/config.json" ? Array(#"{"credsStore":"keyring"}"#.utf8) : nil
        }

        func scene(_ exchanges: [Exchange], concurrency: Int = 6) throws -> Scene {
            try Scene(
                exchanges, ["reg.test": .with { $0.concurrency = concurrency }],
                environment: Self.environment, read: Self.read, run: run)
        }

        func store() -> CredentialStore {
            CredentialStore(environment: Self.environment, read: Self.read, run: run)
        }

        static func shown(_ password: String) -> String {
            "Basic " + Registry.Base64.encode(Array("me:\(password)".utf8))
        }
    }

    @Test func `uses the new password of a helper`() async throws {
        let keyring = Keyring()
        let found = Exchange("HEAD \(Self.manifest)", ScriptedResponse(200, Sample.manifest.fields))
        let scene = try keyring.scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            Self.issuing("t1", Self.pull, life: 60), found,
            Exchange("GET \(Self.pull)", ScriptedResponse(401)),
            Self.issuing("t2", Self.pull, life: 60),
            found,
        ])
        let repository = try scene.repository()
        _ = try await repository.resolve(`Rejected credentials`.tag())
        keyring.password.withLock { $0 = "new" }
        scene.time.advance(.seconds(50))
        _ = try await repository.resolve(`Rejected credentials`.tag())
        #expect(keyring.asked.state == 2)
        let shown = scene.wire.requests.filter { $0.url == Self.pull }.map(\.authorization)
        #expect(shown == ["old", "old", "new"].map(Keyring.shown))
        #expect(
            scene.events.all.allSatisfy { if case .anonymousFallback = $0 { false } else { true } })
        scene.wire.expectDone()
    }

    @Test func `uses a new password for Basic authentication`() async throws {
        let keyring = Keyring()
        let rejected = Exchange(
            "PUT \(Self.manifest)", ScriptedResponse(401, ["WWW-Authenticate": "Basic realm=x"]))
        let done = Exchange("PUT \(Self.manifest)", ScriptedResponse(201, Sample.manifest.fields))
        let scene = try keyring.scene([rejected, done, rejected, done])
        let repository = try scene.repository()
        try await repository.push(manifest: Sample.manifest.raw, as: `Rejected credentials`.tag())
        keyring.password.withLock { $0 = "new" }
        try await repository.push(manifest: Sample.manifest.raw, as: `Rejected credentials`.tag())
        #expect(
            scene.wire.authorizations == [nil] + ["old", "old", "new"].map(Keyring.shown))
        scene.wire.expectDone()
    }

    @Test func `reads an unchanged password at most once a minute`() async throws {
        let keyring = Keyring()
        let rejections = [Exchange](
            repeating: Exchange("GET \(Self.push)", ScriptedResponse(401)), count: 3)
        let scene = try keyring.scene(
            [Exchange("PUT \(Self.manifest)", ScriptedResponse(401, Self.challenge))] + rejections)
        let repository = try scene.repository()
        var asked: [Int] = []
        for wait in [0, 30, 31] {
            scene.time.advance(.seconds(wait))
            await #expect(throws: RegistryError.self) {
                try await repository.push(
                    manifest: Sample.manifest.raw, as: `Rejected credentials`.tag())
            }
            asked.append(keyring.asked.state)
        }
        #expect(asked == [2, 2, 3])
        scene.wire.expectDone()
    }

    @Test func `A17 falls back to an anonymous pull if the new password is rejected`() async throws
    {
        let keyring = Keyring()
        let scene = try keyring.scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            Exchange(
                "GET \(Self.pull)",
                ScriptedResponse(401).after { keyring.password.withLock { $0 = "new" } }),
            Exchange("GET \(Self.pull)", ScriptedResponse(401)), Self.issuing("anyone", Self.pull),
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(200, Sample.manifest.fields)),
        ])
        _ = try await scene.repository().resolve(`Rejected credentials`.tag())
        #expect(
            scene.wire.authorizations
                == [nil, Keyring.shown("old"), Keyring.shown("new"), nil, "Bearer anyone"])
        scene.wire.expectDone()
    }

    @Test func `A17 does not fall back if the server fails after a renewal`()
        async throws
    {
        let keyring = Keyring()
        let scene = try keyring.scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            Exchange(
                "GET \(Self.pull)",
                ScriptedResponse(401).after { keyring.password.withLock { $0 = "new" } }),
            Exchange("GET \(Self.pull)", ScriptedResponse(501)),
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(`Rejected credentials`.tag())
        }
        #expect(error?.failureClass == .unavailable)
        scene.wire.expectDone()
    }
}
