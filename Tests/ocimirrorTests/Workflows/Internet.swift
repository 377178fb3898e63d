// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

/// Emulations of Docker Hub and GHCR under their real host names.
final class Internet: Sendable {
    static let token = "canary-token"
    static let actor = "octocat"

    let dockerHub: LoopbackRegistry
    let ghcr: LoopbackRegistry
    private let authority: CertificateAuthority
    private let tunnel: TunnelProxy

    init() async throws {
        let everything = Visibility(everything: true)
        let hub = DockerHub(users: [:], everything)
        let packages = GHCR(users: [Self.actor: Self.token], everything)
        authority = try await CertificateAuthority.make()
        func names(_ profile: any RegistryEmulation) -> [String] {
            profile.hosts.all.map { "DNS:\($0)" }
        }
        dockerHub = LoopbackRegistry(
            hub, mode: .calm, certificate: try await authority.issue(for: names(hub)).pair)
        ghcr = LoopbackRegistry(
            packages, mode: .calm, certificate: try await authority.issue(for: names(packages)).pair
        )
        var ports: [String: UInt16] = [:]
        for host in hub.hosts.all { ports[host] = dockerHub.port }
        for host in packages.hosts.all { ports[host] = ghcr.port }
        tunnel = try TunnelProxy(to: ports)
    }

    deinit {
        tunnel.stop()
        dockerHub.stop()
        ghcr.stop()
    }

    /// The environment variables for the program.
    var environment: [String: String] {
        ["https_proxy": tunnel.url, "OCIMIRROR_CA_FILE": authority.certificateFile]
    }

    /// Publishes an image for both platforms on Docker Hub.
    @discardableResult
    func publish(_ repository: String, tag: String, seed: UInt64 = 1) -> BuiltImage {
        let image = ImageBuilder().multiPlatform(seed: seed)
        dockerHub.publish(image, repository: repository, tag: tag)
        return image
    }
}
