// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Synchronization
import Testing
import TextSafety

@testable import Registry

/// Tokens and passwords that lapse in the middle of something.
@Suite struct `What lapses is renewed` {
    static let uploads = "https://reg.test/v2/app/blobs/uploads/"
    static let manifest = "https://reg.test/v2/app/manifests/1"
    static let commit = "\(uploads)1?digest=\(Sample.blob.digest)"
    static let push = "https://reg.test/token?service=reg.test&scope=repository:app:pull%2Cpush"
    static let pull = "https://reg.test/token?service=reg.test&scope=repository:app:pull"
    static let challenge = `Refused credentials`.challenge()
    static let begun = Answer(202, ["Location": "/v2/app/blobs/uploads/1"])

    static func issuing(_ token: String, _ url: String, life: Int = 300) -> Exchange {
        Exchange("GET \(url)", Answer(200, [:], #"{"token":"\#(token)","expires_in":\#(life)}"#))
    }

    @Test func `G09 a token that is refused in the middle of an upload, with the body sent again`()
        async throws
    {
        let scene = try Scene(
            [
                Exchange("POST \(Self.uploads)", Answer(401, Self.challenge)),
                Self.issuing("t1", Self.push), Exchange("POST \(Self.uploads)", Self.begun),
                Exchange("PUT \(Self.commit)", Answer(401, Self.challenge)),
                Self.issuing("t2", Self.push), Exchange("PUT \(Self.commit)", Answer(201)),
            ], credentials: `Refused credentials`.user)
        let arrival = try await scene.repository().push(
            blob: Sample.blob.descriptor, mountingFrom: nil, open: Sample.blob.open)
        #expect(arrival == .uploaded)
        let sent = scene.wire.requests.filter { $0.url == Self.commit }
        #expect(sent.map(\.authorization) == ["Bearer t1", "Bearer t2"])
        #expect(sent.map(\.body) == [Sample.blob.bytes, Sample.blob.bytes])
        scene.wire.expectDone()
    }

    @Test func `G09 a token before it lapses, after seven tenths of its life`() async throws {
        let time = VirtualTime()
        let scene = try Scene(
            [
                Exchange("POST \(Self.uploads)", Answer(401, Self.challenge)),
                Self.issuing("t1", Self.push),
                Exchange("POST \(Self.uploads)", Self.begun.after { time.advance(.seconds(211)) }),
                Self.issuing("t2", Self.push), Exchange("PUT \(Self.commit)", Answer(201)),
            ], credentials: `Refused credentials`.user, time: time)
        _ = try await scene.repository().push(
            blob: Sample.blob.descriptor, mountingFrom: nil, open: Sample.blob.open)
        #expect(scene.wire.authorizations.last == "Bearer t2")
        scene.wire.expectDone()
    }

    /// A helper whose password changes when the test says so.
    final class Keyring: Sendable {
        let password = Mutex("old")
        let asked = Mutex(0)
        let fails = Mutex(false)
        /// What each run waits for.
        let hold = Mutex<@Sendable () async throws -> Void>({})

        var run: CredentialHelper.Runner {
            { _, _, _ in
                let password = self.password.withLock { $0 }
                let hold = self.hold.withLock { $0 }
                self.asked.withLock { $0 += 1 }
                try await hold()
                if self.fails.withLock({ $0 }) {
                    return CredentialHelper.Answer(status: 1, output: [])
                }
                return CredentialHelper.Answer(
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

    @Test func `a password, where the helper has a new one`() async throws {
        let keyring = Keyring()
        let found = Exchange("HEAD \(Self.manifest)", Answer(200, Sample.manifest.fields))
        let scene = try keyring.scene([
            Exchange("HEAD \(Self.manifest)", Answer(401, Self.challenge)),
            Self.issuing("t1", Self.pull, life: 60), found,
            Exchange("GET \(Self.pull)", Answer(401)), Self.issuing("t2", Self.pull, life: 60),
            found,
        ])
        let repository = try scene.repository()
        _ = try await repository.resolve(`Refused credentials`.tag())
        keyring.password.withLock { $0 = "new" }
        scene.time.advance(.seconds(50))
        _ = try await repository.resolve(`Refused credentials`.tag())
        #expect(keyring.asked.withLock { $0 } == 2)
        let shown = scene.wire.requests.filter { $0.url == Self.pull }.map(\.authorization)
        #expect(shown == ["old", "old", "new"].map(Keyring.shown))
        #expect(
            scene.events.all.allSatisfy { if case .anonymousFallback = $0 { false } else { true } })
        scene.wire.expectDone()
    }

    @Test func `a password that is shown to the registry itself`() async throws {
        let keyring = Keyring()
        let refused = Exchange(
            "PUT \(Self.manifest)", Answer(401, ["WWW-Authenticate": "Basic realm=x"]))
        let done = Exchange("PUT \(Self.manifest)", Answer(201, Sample.manifest.fields))
        let scene = try keyring.scene([refused, done, refused, done])
        let repository = try scene.repository()
        try await repository.push(manifest: Sample.manifest.raw, as: `Refused credentials`.tag())
        keyring.password.withLock { $0 = "new" }
        try await repository.push(manifest: Sample.manifest.raw, as: `Refused credentials`.tag())
        #expect(
            scene.wire.authorizations == [nil] + ["old", "old", "new"].map(Keyring.shown))
        scene.wire.expectDone()
    }

    @Test func `a password that is still the same, at most once a minute`() async throws {
        let keyring = Keyring()
        let refusals = [Exchange](
            repeating: Exchange("GET \(Self.push)", Answer(401)), count: 3)
        let scene = try keyring.scene(
            [Exchange("PUT \(Self.manifest)", Answer(401, Self.challenge))] + refusals)
        let repository = try scene.repository()
        var asked: [Int] = []
        for wait in [0, 30, 31] {
            scene.time.advance(.seconds(wait))
            await #expect(throws: RegistryError.self) {
                try await repository.push(
                    manifest: Sample.manifest.raw, as: `Refused credentials`.tag())
            }
            asked.append(keyring.asked.withLock { $0 })
        }
        #expect(asked == [2, 2, 3])
        scene.wire.expectDone()
    }

    @Test func `A17 a password that is refused again is left out of a pull`() async throws {
        let keyring = Keyring()
        let scene = try keyring.scene([
            Exchange("HEAD \(Self.manifest)", Answer(401, Self.challenge)),
            Exchange(
                "GET \(Self.pull)", Answer(401).after { keyring.password.withLock { $0 = "new" } }),
            Exchange("GET \(Self.pull)", Answer(401)), Self.issuing("anyone", Self.pull),
            Exchange("HEAD \(Self.manifest)", Answer(200, Sample.manifest.fields)),
        ])
        _ = try await scene.repository().resolve(`Refused credentials`.tag())
        #expect(
            scene.wire.authorizations
                == [nil, Keyring.shown("old"), Keyring.shown("new"), nil, "Bearer anyone"])
        scene.wire.expectDone()
    }

    @Test func `A17 a password, and nothing is left out where the server is then in trouble`()
        async throws
    {
        let keyring = Keyring()
        let scene = try keyring.scene([
            Exchange("HEAD \(Self.manifest)", Answer(401, Self.challenge)),
            Exchange(
                "GET \(Self.pull)", Answer(401).after { keyring.password.withLock { $0 = "new" } }),
            Exchange("GET \(Self.pull)", Answer(501)),
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(`Refused credentials`.tag())
        }
        #expect(error?.failureClass == .unavailable)
        scene.wire.expectDone()
    }
}
