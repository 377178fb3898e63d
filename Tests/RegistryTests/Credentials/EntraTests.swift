// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import RegistryTestSupport
import Testing
import TextSafety

@testable import Registry

/// Logins to Azure's registries with a Microsoft Entra identity from the environment.
@Suite(.timeLimit(.minutes(10))) struct `Microsoft Entra` {
    static let application = ["AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"]

    static func kind(_ environment: [String: String], _ host: String) throws -> String? {
        let store = try EntraIdentity(
            environment: environment, at: try RegistryHost(parsing: host))
        switch store?.credential {
        case .clientSecret(let application, _)?: return "secret \(application.tokens.origin.host)"
        case .federatedToken(_, let file)?: return "file \(file)"
        case .managedIdentity(let managed)?: return "managed \(managed.httpRequest().url.origin)"
        case nil: return nil
        }
    }

    @Test(arguments: [
        ("a.azurecr.io", "secret login.microsoftonline.com"),
        ("a.azurecr.cn", "secret login.chinacloudapi.cn"),
        ("a.azurecr.us", "secret login.microsoftonline.us"),
        ("a-hash123.azurecr.io", "secret login.microsoftonline.com"),
        ("ghcr.io", nil), ("azurecr.io", nil), ("a.azurecr.io.evil.org", nil),
        ("evil-azurecr.io", nil), ("a.azurecr.io:5000", nil),
    ])
    func `is used for Azure's registries only`(host: String, expected: String?) throws {
        let environment = Self.application.merging(["AZURE_CLIENT_SECRET": "s"]) { $1 }
        #expect(try Self.kind(environment, host) == expected)
    }

    @Test(
        arguments: [
            (
                ["AZURE_CLIENT_SECRET": "s", "AZURE_FEDERATED_TOKEN_FILE": "/f"],
                "secret login.microsoftonline.com"
            ),
            (
                [
                    "AZURE_FEDERATED_TOKEN_FILE": "/f", "IDENTITY_ENDPOINT": "http://localhost:1/t",
                    "IDENTITY_HEADER": "h",
                ], "file /f"
            ),
            (
                ["IDENTITY_ENDPOINT": "http://localhost:4141/token", "IDENTITY_HEADER": "h"],
                "managed http://localhost:4141"
            ),
            ([:], nil),
            (
                ["AZURE_CLIENT_SECRET": "s", "AZURE_AUTHORITY_HOST": "https://login.example"],
                "secret login.example"
            ),
            (
                ["AZURE_CLIENT_SECRET": "s", "AZURE_AUTHORITY_HOST": "https://login.example/"],
                "secret login.example"
            ),
            (
                [
                    "AZURE_CLIENT_SECRET": "s",
                    "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
                ],
                "managed http://169.254.169.254"
            ),
            (["AZURE_CLIENT_SECRET": "s", "AZURE_TOKEN_CREDENTIALS": "dev"], nil),
            (
                ["AZURE_CLIENT_SECRET": "s", "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"],
                "secret login.microsoftonline.com"
            ),
            (
                [
                    "AZURE_CLIENT_SECRET": "s", "AZURE_FEDERATED_TOKEN_FILE": "/f",
                    "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential",
                ], "file /f"
            ),
        ] as [([String: String], String?)])
    func `uses the first configured credential`(
        further: [String: String], expected: String?
    ) throws {
        let environment = Self.application.merging(further) { $1 }
        #expect(try Self.kind(environment, "a.azurecr.io") == expected)
    }

    /// Elsewhere the request would hang until it times out.
    @Test(
        arguments: [
            ([:], false), (["AZURE_CLIENT_ID": "c"], true),
            (["AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"], false),
            (["IDENTITY_ENDPOINT": "http://localhost:1/t"], false),
            (["AZURE_TOKEN_CREDENTIALS": "prod"], true),
            (["AZURE_TOKEN_CREDENTIALS": "AzureCliCredential", "AZURE_CLIENT_ID": "c"], false),
        ] as [([String: String], Bool)])
    func `requests a managed identity only if one is indicated`(
        environment: [String: String], asks: Bool
    ) throws {
        #expect((try Self.kind(environment, "a.azurecr.io") != nil) == asks)
    }

    @Test(arguments: [
        ["AZURE_AUTHORITY_HOST": "http://login.example"],
        ["AZURE_AUTHORITY_HOST": "https://login.example/path"],
        ["AZURE_AUTHORITY_HOST": "https://user@login.example"],
        ["AZURE_TENANT_ID": "../other"], ["AZURE_TENANT_ID": "a?b"],
    ])
    func `rejects variables with an invalid tenant or host`(wrong: [String: String]) {
        let environment = Self.application.merging(["AZURE_CLIENT_SECRET": "s"]) { $1 }
            .merging(wrong) { $1 }
        #expect(throws: ContentError.self) { try Self.kind(environment, "a.azurecr.io") }
    }

    // MARK: Requests

    static let registry = "https://a.azurecr.io"
    static let manifest = "\(registry)/v2/app/manifests/1"
    static let entra = "https://login.microsoftonline.com/tenant/oauth2/v2.0/token"
    static let challenge: HTTPFields = [
        "WWW-Authenticate": """
        Bearer realm="\(registry)/oauth2/token",service="a.azurecr.io",scope="repository:app:pull"
        """
    ]

    /// Returns a token that is valid for a number of seconds.
    static func jwt(_ name: String, life: Int) -> String {
        func part(_ text: String) -> String {
            Registry.Base64.encode(Array(text.utf8)).replacing("+", with: "-")
                .replacing("/", with: "_").replacing("=", with: "")
        }
        let claims = part(#"{"jti":"\#(name)","iat":1000,"exp":\#(1000 + life)}"#)
        return "\(part("{}")).\(claims).signature"
    }

    static func login(_ name: String, life: Int = 10_800) -> [Exchange] {
        [
            Exchange(
                "POST \(registry)/oauth2/exchange",
                ScriptedResponse(200, [:], #"{"refresh_token":"\#(jwt(name, life: life))"}"#))
        ]
    }

    static func access(_ name: String, life: Int = 4500) -> Exchange {
        Exchange(
            "POST \(registry)/oauth2/token",
            ScriptedResponse(200, [:], #"{"access_token":"\#(jwt(name, life: life))"}"#))
    }

    static let rejected = Exchange("HEAD \(manifest)", ScriptedResponse(401, challenge))
    static let found = Exchange("HEAD \(manifest)", ScriptedResponse(200, Sample.manifest.fields))
    static let entraToken = Exchange(
        "POST \(entra)", ScriptedResponse(200, [:], #"{"access_token":"aad"}"#))

    static func body(_ scene: Scene, _ url: String) -> [String] {
        scene.wire.requests.filter { $0.url == url }
            .map { String(decoding: $0.body, as: UTF8.self) }
    }

    @Test func `logs in with a secret, and caches the login while it is valid`() async throws {
        let secret = Self.application.merging(["AZURE_CLIENT_SECRET": "canary"]) { $1 }
        let scene = try Scene(
            [Self.rejected, Self.entraToken] + Self.login("refresh") + [
                Self.access("t1"), Self.found, Self.found, Self.access("t2"), Self.found,
            ], environment: secret)
        let repository = try scene.repository("a.azurecr.io/app")
        let tag = ManifestName.tag(try Tag(parsing: "1"))
        _ = try await repository.resolve(tag)
        scene.time.advance(.seconds(3100))
        _ = try await repository.resolve(tag)
        scene.time.advance(.seconds(100))
        _ = try await repository.resolve(tag)
        scene.wire.expectDone()
        #expect(
            Self.body(scene, Self.entra) == [
                "grant_type=client_credentials&client_id=client"
                    + "&scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default"
                    + "&client_secret=canary"
            ])
        #expect(
            Self.body(scene, "\(Self.registry)/oauth2/exchange") == [
                "grant_type=access_token&access_token=aad&service=a.azurecr.io&tenant=tenant"
            ])
        let token = Self.jwt("refresh", life: 10_800)
        #expect(
            Self.body(scene, "\(Self.registry)/oauth2/token")
                == Array(
                    repeating: "grant_type=refresh_token&client_id=ocimirror&refresh_token=\(token)"
                        + "&scope=repository%3Aapp%3Apull&service=a.azurecr.io", count: 2))
        #expect(
            scene.events.all.contains(
                .credentialUsed(
                    host: try RegistryHost(parsing: "a.azurecr.io"),
                    source: "Microsoft Entra (AZURE_CLIENT_SECRET)")))
        for request in scene.wire.requests where request.url != Self.entra {
            #expect(!request.wire.contains("canary"))
        }
    }

    @Test func `logs in again if a cached login is rejected`() async throws {
        let secret = Self.application.merging(["AZURE_CLIENT_SECRET": "s"]) { $1 }
        let scene = try Scene(
            [Self.rejected, Self.entraToken] + Self.login("r1") + [
                Self.access("t1", life: 60), Self.found,
                Exchange("POST \(Self.registry)/oauth2/token", ScriptedResponse(401)),
                Self.entraToken,
            ] + Self.login("r2") + [Self.access("t2"), Self.found], environment: secret)
        let repository = try scene.repository("a.azurecr.io/app")
        let tag = ManifestName.tag(try Tag(parsing: "1"))
        _ = try await repository.resolve(tag)
        scene.time.advance(.seconds(50))
        _ = try await repository.resolve(tag)
        scene.wire.expectDone()
    }

    @Test func `reads the file of a federated token for each login`() async throws {
        let folder = try TemporaryFolder()
        let environment = Self.application.merging(
            ["AZURE_FEDERATED_TOKEN_FILE": folder("token")]) { $1 }
        let scene = try Scene(
            [Self.rejected, Self.entraToken] + Self.login("r1", life: 60) + [
                Self.access("t1", life: 60), Self.found, Self.entraToken,
            ] + Self.login("r2") + [Self.access("t2"), Self.found], environment: environment)
        let repository = try scene.repository("a.azurecr.io/app")
        let tag = ManifestName.tag(try Tag(parsing: "1"))
        for assertion in ["first", "second"] {
            try folder.write(assertion + "\n", to: "token")
            _ = try await repository.resolve(tag)
            scene.time.advance(.seconds(50))
        }
        scene.wire.expectDone()
        #expect(
            Self.body(scene, Self.entra).map { $0.split(separator: "=").last } == [
                "first", "second",
            ])
    }

    @Test func `requests a managed identity with short time limits`() async throws {
        let imds =
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
            + "&resource=https://containerregistry.azure.net&client_id=me"
        let scene = try Scene(
            [
                Self.rejected,
                Exchange("GET \(imds)", ScriptedResponse(200, [:], #"{"access_token":"aad"}"#)),
            ]
                + Self.login("r1") + [Self.access("t1"), Self.found],
            environment: ["AZURE_CLIENT_ID": "me"])
        _ = try await scene.repository("a.azurecr.io/app").resolve(.tag(Tag(parsing: "1")))
        scene.wire.expectDone()
        let asked = try #require(scene.wire.requests.first { $0.url == imds })
        #expect(asked.fields["metadata"] == "true")
        #expect(asked.timeouts.connect == .seconds(3))
        #expect(
            Self.body(scene, "\(Self.registry)/oauth2/exchange") == [
                "grant_type=access_token&access_token=aad&service=a.azurecr.io"
            ])
    }

    @Test func `sends the identity header to App Service`() async throws {
        let endpoint =
            "http://localhost:4141/token?api-version=2019-08-01"
            + "&resource=https://containerregistry.azure.net"
        let scene = try Scene(
            [
                Self.rejected,
                Exchange("GET \(endpoint)", ScriptedResponse(200, [:], #"{"access_token":"aad"}"#)),
            ] + Self.login("r1") + [Self.access("t1"), Self.found],
            environment: [
                "IDENTITY_ENDPOINT": "http://localhost:4141/token", "IDENTITY_HEADER": "inside",
            ])
        _ = try await scene.repository("a.azurecr.io/app").resolve(.tag(Tag(parsing: "1")))
        scene.wire.expectDone()
        let asked = try #require(scene.wire.requests.first { $0.url == endpoint })
        #expect(asked.fields["x-identity-header"] == "inside")
    }

    @Test func `is named in the error of a push if it rejects the identity`() async throws {
        let secret = Self.application.merging(["AZURE_CLIENT_SECRET": "s"]) { $1 }
        let scene = try Scene(
            [
                Exchange("PUT \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange(
                    "POST \(Self.entra)",
                    ScriptedResponse(
                        400, [:],
                        #"{"error":"invalid_client","error_description":"AADSTS7000215: no\n"}"#)),
            ], environment: secret)
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository("a.azurecr.io/app").push(
                manifest: Sample.manifest.raw, as: .tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .denied)
        #expect(error?.reason.contains("AZURE_CLIENT_SECRET") ?? false)
        #expect(error?.description.contains("AADSTS7000215") ?? false)
        scene.wire.expectDone()
    }

    @Test func `is omitted from a pull if it rejects the identity`() async throws {
        let secret = Self.application.merging(["AZURE_CLIENT_SECRET": "s"]) { $1 }
        let anonymous =
            "\(Self.registry)/oauth2/token?service=a.azurecr.io&scope=repository:app:pull"
        let scene = try Scene(
            [
                Self.rejected, Exchange("POST \(Self.entra)", ScriptedResponse(401)),
                Exchange("GET \(anonymous)", ScriptedResponse(200, [:], #"{"access_token":"t"}"#)),
                Self.found,
            ], environment: secret)
        _ = try await scene.repository("a.azurecr.io/app").resolve(.tag(Tag(parsing: "1")))
        scene.wire.expectDone()
    }
}
