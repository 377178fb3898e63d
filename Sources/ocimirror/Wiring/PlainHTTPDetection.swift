// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import Mirroring
internal import OCI
internal import Registry

/// Finds registries on loopback addresses that do not use TLS, so that local tests need no option.
///
/// Only hosts that the user wrote and that are always loopback hosts are tried, and only after the
/// TLS handshake failed because the server does not use TLS or closed the connection. A rejected
/// certificate never leads to plain HTTP, and neither does a URL that a server supplied.
struct PlainHTTPDetection {
    let transport: any HTTPTransport
    let timeouts: HTTPTimeouts

    /// Returns the registries that use plain HTTP.
    ///
    /// - Parameter hosts: The registries that the user wrote.
    /// - Returns: Those that responded as a registry without TLS, but not with TLS.
    func detect(among hosts: Set<RegistryHost>) async -> Set<RegistryHost> {
        var plain: Set<RegistryHost> = []
        for host in hosts.sorted(by: { $0.name < $1.name }) where host.isLoopback {
            guard case .failure(let error) = await response(of: host, plainHTTP: false) else {
                continue
            }
            switch error.kind {
            // The reset of a connection may arrive before the server's response without TLS.
            case .notTLS, .connect:
                // The statuses with which registries respond to the version check.
                let status = try? await response(of: host, plainHTTP: true).get()
                if status == 200 || status == 401 { plain.insert(host) }
            default: break
            }
        }
        return plain
    }

    /// Requests the version check of a registry.
    ///
    /// - Returns: The status of the response, or the error.
    private func response(
        of host: RegistryHost, plainHTTP: Bool
    ) async -> Result<Int, TransportError> {
        do {
            let origin = try Origin.of(host, plainHTTP: plainHTTP)
            let url = try HTTPURL(parsing: "\(origin)/v2/")
            let request = HTTPRequest(.get, url, timeouts: timeouts)
            return .success(try await transport.send(request).status)
        } catch let error as TransportError {
            return .failure(error)
        } catch {
            return .failure(TransportError(.refused, "\(error)"))
        }
    }
}

extension RegistryHost {
    /// A Boolean value that indicates whether the name is always that of a loopback address:
    /// `localhost`, `127.0.0.0/8` or `[::1]`.
    fileprivate var isLoopback: Bool {
        guard let origin = try? Origin(scheme: .https, authority: name) else { return false }
        return origin.isLoopback && !origin.host.hasSuffix(".localhost")
    }
}

extension MirrorConfiguration {
    /// The registries of all sources, targets and endpoints.
    var registryHosts: Set<RegistryHost> {
        var hosts = Set(registries.values.flatMap(\.endpoints))
        for image in images {
            if case .repository(let repository) = image.source { hosts.insert(repository.registry) }
        }
        for target in targets {
            if case .registry(let host, _) = target.prefix { hosts.insert(host) }
        }
        return hosts
    }
}
