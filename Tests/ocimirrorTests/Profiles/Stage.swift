// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// A registry that every suite of this folder is played with, under a name that is none of this machine.
///
/// What is under `open/` anyone may pull; the rest takes the login.
protocol Stage: AnyObject, Sendable {
    /// The host in references.
    var name: String { get }
    /// Variables with which the program finds it.
    var environment: [String: String] { get }
    /// The one login that is right, as the program keeps it.
    var login: (user: String, password: String) { get }
    /// The origins that may see the login, by the scheme of their `Authorization`.
    var mayAuthorize: [String: Set<String>] { get }
    /// Every request so far, whichever of its hosts it went to.
    var requests: [RecordedRequest] { get }

    /// Puts an image there.
    func publish(_ image: BuiltImage, at path: String, tag: String) async throws
    /// What a tag stands for.
    func digest(of path: String, tag: String) async throws -> String?
    /// Forgets the requests so far.
    func forgetRequests()
}

/// The registries that there are stages for.
enum StageKind: String, CaseIterable, CustomTestStringConvertible {
    case dockerHub = "docker.io"
    case quay = "quay.io"
    case ghcr = "ghcr.io"
    case acr = "loopback.azurecr.io"
    case nginx = "registry.example.com"

    var testDescription: String { rawValue }

    func make(_ mode: ProfileMode = .calm) async throws -> any Stage {
        let users = [ProfileStage.user: ProfileStage.password]
        return switch self {
        case .dockerHub: try await ProfileStage(DockerHub(users: users), mode)
        case .quay: try await ProfileStage(Quay(users: users), mode)
        case .ghcr: try await ProfileStage(GHCR(users: users), mode)
        case .acr: try await ProfileStage(ACR(users: users), mode)
        case .nginx: try await NginxStage(mode)
        }
    }
}

extension Stage {
    /// Checks that no credential went to an origin that it was not meant for.
    ///
    /// - Returns: the requests that had one in the wrong place.
    var misplacedCredentials: [RecordedRequest] {
        requests.filter { request in
            guard let header = request.headers["Authorization"] else { return false }
            let scheme = String(header.prefix { $0 != " " })
            return mayAuthorize[scheme]?.contains(request.host) != true
        }
    }

    /// How often something succeeded, by what it was.
    var successes: [RequestClass: Int] {
        requests.filter { (200..<400).contains($0.status ?? 0) }.tally
    }

    /// A workspace that mirrors images from or to here.
    func workspace(
        from sources: [String], to prefix: String, plain hosts: [String], login: Login = .right
    ) throws -> Workspace {
        var workspace = try Workspace(
            Mirror(from: sources.map { "\"\($0)\"" }, to: prefix, plain: hosts).text)
        workspace.environment = environment
        let password =
            switch login {
            case .none: ""
            case .right: self.login.password
            case .wrong: "canary-wrong"
            }
        guard login != .none else { return workspace }
        let encoded = Authentication.basic(self.login.user, password).dropFirst("Basic ".count)
        let key = name == "docker.io" ? "https://index.docker.io/v1/" : name
        workspace.environment["REGISTRY_AUTH_FILE"] = try workspace.folder.write(
            #"{"auths":{"\#(key)":{"auth":"\#(encoded)"}}}"#, to: "auth.json")
        return workspace
    }
}

/// Which login a workspace has.
enum Login {
    case none
    case right
    case wrong
}
