// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI

extension Origin {
    /// Returns where a registry is spoken to.
    ///
    /// - Throws: `URLError` where the registry's host is no canonical name or address.
    ///
    /// Source: Docker Hub's API is on another host than its name says.
    public static func of(_ registry: RegistryHost, plainHTTP: Bool) throws(URLError) -> Origin {
        let authority = registry == .dockerHub ? "registry-1.docker.io" : registry.name
        return try Origin(scheme: plainHTTP ? .http : .https, authority: authority)
    }

    /// `host` and, where it is not the scheme's own, `:port`.
    var authority: String {
        port == scheme.defaultPort ? host : "\(host):\(port)"
    }
}
