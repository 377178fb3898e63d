// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI

extension Origin {
    /// Returns the origin of a registry's API.
    ///
    /// - Throws: `URLError` if the registry's host is not a canonical name or address.
    ///
    /// Source: Docker Hub's API is on another host than its name.
    public static func of(_ registry: RegistryHost, plainHTTP: Bool) throws(URLError) -> Origin {
        let authority = registry == .dockerHub ? "registry-1.docker.io" : registry.name
        return try Origin(scheme: plainHTTP ? .http : .https, authority: authority)
    }

    /// `host`, followed by `:port` unless it is the default port.
    var authority: String {
        port == scheme.defaultPort ? host : "\(host):\(port)"
    }
}
