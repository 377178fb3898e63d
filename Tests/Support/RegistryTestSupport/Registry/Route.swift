// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// The endpoint that a request's path identifies.
///
/// Source: distribution-spec § Endpoints.
enum Route: Hashable {
    case ping
    case token
    /// Azure's exchange of an Entra token for a refresh token.
    case exchange
    /// The bytes of a blob in a separate storage.
    case storage(digest: String)
    case manifest(repository: String, reference: String)
    case blob(repository: String, digest: String)
    case uploads(repository: String)
    case upload(repository: String, id: String)
    case tags(repository: String)
    case referrers(repository: String, digest: String)
    case unknown

    /// Parses a path and decodes its components.
    init(path: String) {
        switch path {
        case "/token", "/v2/auth", "/oauth2/token", "/service/token", "/v2/token":
            self = .token
            return
        case "/oauth2/exchange":
            self = .exchange
            return
        default: break
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { FormFields.decode($0) }
        if parts.first == "storage", parts.count == 3 {
            self = .storage(digest: "\(parts[1]):\(parts[2])")
            return
        }
        guard parts.first == "v2", parts.count >= 2 else {
            self = path == "/v2" ? .ping : .unknown
            return
        }
        guard parts.count > 2 else {
            self = parts[1].isEmpty ? .ping : .unknown
            return
        }
        self = Self.content(Array(parts.dropFirst()))
    }

    private static func content(_ parts: [String]) -> Route {
        func repository(dropping count: Int) -> String {
            parts.dropLast(count).joined(separator: "/")
        }
        let last = parts[parts.count - 1]
        let route: Route
        switch (parts.dropLast(2).last, parts[parts.count - 2]) {
        case ("blobs", "uploads") where parts.count > 3:
            let name = repository(dropping: 3)
            route = last.isEmpty ? .uploads(repository: name) : .upload(repository: name, id: last)
        case (_, "blobs") where last == "uploads":
            route = .uploads(repository: repository(dropping: 2))
        case (_, "manifests"):
            route = .manifest(repository: repository(dropping: 2), reference: last)
        case (_, "blobs"):
            route = .blob(repository: repository(dropping: 2), digest: last)
        case (_, "tags") where last == "list":
            route = .tags(repository: repository(dropping: 2))
        case (_, "referrers"):
            route = .referrers(repository: repository(dropping: 2), digest: last)
        default:
            route = .unknown
        }
        guard let name = route.repository, (try? Repository(parsing: "localhost/\(name)")) != nil
        else { return .unknown }
        return route
    }

    /// The repository of the request.
    var repository: String? {
        switch self {
        case .ping, .token, .exchange, .storage, .unknown: nil
        case .manifest(let repository, _), .blob(let repository, _), .uploads(let repository),
            .upload(let repository, _), .tags(let repository), .referrers(let repository, _):
            repository
        }
    }
}
