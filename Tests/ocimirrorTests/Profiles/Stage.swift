// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// A registry for the suites of this directory, under its public host name.
///
/// Repositories under `open/` are public; all others require credentials.
protocol Stage: AnyObject, Sendable {
    /// The host in references.
    var name: String { get }
    /// The environment variables for the program.
    var environment: [String: String] { get }
    /// The valid credentials in the format of the credentials file.
    var login: (user: String, password: String) { get }
    /// The origins that can receive credentials, by the scheme of their `Authorization`.
    var mayAuthorize: [String: Set<String>] { get }
    /// All requests to all of its hosts.
    var requests: [RecordedRequest] { get }

    /// Publishes an image.
    func publish(_ image: BuiltImage, at path: String, tag: String) async throws
    /// Returns the digest that a tag points to.
    func digest(of path: String, tag: String) async throws -> String?
    /// Discards the recorded requests.
    func forgetRequests()
}

/// The supported registries.
enum StageKind: String, CaseIterable, CustomTestStringConvertible {
    case dockerHub = "docker.io"
    case quay = "quay.io"
    case ghcr = "ghcr.io"
    case acr = "loopback.azurecr.io"
    case harbor = "harbor.example.com"
    case nginx = "registry.example.com"

    var testDescription: String { rawValue }

    func make(_ mode: ProfileMode = .calm) async throws -> any Stage {
        let users = [ProfileStage.user: ProfileStage.password]
        return switch self {
        case .dockerHub: try await ProfileStage(DockerHub(users: users), mode)
        case .quay: try await ProfileStage(Quay(users: users), mode)
        case .ghcr: try await ProfileStage(GHCR(users: users), mode)
        case .acr: try await ProfileStage(ACR(users: users), mode)
        case .harbor: try await ProfileStage(Harbor(users: users), mode)
        case .nginx: try await NginxStage(mode)
        }
    }
}

extension Stage {
    /// Checks that no credential was sent to the wrong origin.
    ///
    /// - Returns: The requests with misplaced credentials.
    var misplacedCredentials: [RecordedRequest] {
        requests.filter { request in
            guard let header = request.headers["Authorization"] else { return false }
            let scheme = String(header.prefix { $0 != " " })
            return mayAuthorize[scheme]?.contains(request.host) != true
        }
    }

    /// The number of successful requests by purpose.
    var successes: [RequestClass: Int] {
        requests.filter { (200..<400).contains($0.status ?? 0) }.tally
    }

    /// Returns a workspace that mirrors images from or to this registry.
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

/// The credentials of a workspace.
enum Login {
    case none
    case right
    case wrong
}
