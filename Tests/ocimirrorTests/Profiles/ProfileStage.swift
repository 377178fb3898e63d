// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

/// An emulated registry under its real names, with a certificate and a tunnel.
final class ProfileStage: Stage {
    static let user = "canary-user"
    static let password = "canary-password"

    let registry: LoopbackRegistry
    private let profile: any RegistryEmulation
    private let visibility: Visibility
    private let authority: CertificateAuthority
    private let tunnel: TunnelProxy

    init<Profile: RegistryEmulation>(_ profile: Profile, _ mode: ProfileMode) async throws {
        self.profile = profile
        visibility = profile.visibility
        authority = try await CertificateAuthority.make()
        let hosts = profile.hosts.all
        let issued = try await authority.issue(for: hosts.map { "DNS:\($0)" })
        let registry = LoopbackRegistry(profile, mode: mode, certificate: issued.pair)
        self.registry = registry
        tunnel = try TunnelProxy(
            to: Dictionary(uniqueKeysWithValues: hosts.map { ($0, registry.port) }))
    }

    deinit {
        tunnel.stop()
        registry.stop()
    }

    var name: String { profile.hosts.name }

    var environment: [String: String] {
        ["https_proxy": tunnel.url, "OCIMIRROR_CA_FILE": authority.certificateFile]
    }

    /// Azure's credentials are those of `az acr login`: a refresh token of the all-zeros user.
    var login: (user: String, password: String) {
        guard profile is ACR else { return (Self.user, Self.password) }
        return (ACR.userOfZeros, profile.issuer.issueRefreshToken(for: Self.user))
    }

    var mayAuthorize: [String: Set<String>] {
        ["Basic": [profile.hosts.tokens], "Bearer": [profile.hosts.registry]]
    }

    var requests: [RecordedRequest] { registry.requests }

    func publish(_ image: BuiltImage, at path: String, tag: String) {
        if path.hasPrefix("open/") { visibility.open(path) }
        registry.publish(image, repository: path, tag: tag)
    }

    func digest(of path: String, tag: String) -> String? {
        registry.tags(of: path)[tag]?.description
    }

    func forgetRequests() { registry.forgetRequests() }
}
