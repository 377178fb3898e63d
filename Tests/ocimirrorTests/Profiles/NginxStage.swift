// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import AsyncPrimitives

/// Debian's nginx in front of docker-registry, under other host names.
final class NginxStage: Stage {
    private static let storage = "storage.example.com"
    let name = "registry.example.com"
    let login = (user: ProfileStage.user, password: ProfileStage.password)
    private let registry: DockerRegistry
    private let front: NginxFront
    private let authority: CertificateAuthority
    private let tunnel: TunnelProxy
    private let forgotten = Mutex(0)

    init(_ mode: ProfileMode) async throws {
        registry = try await DockerRegistry.start()
        authority = try await CertificateAuthority.make()
        let names = [name, Self.storage]
        let manner: NginxFront.Manner =
            switch mode {
            case .calm: .open
            case .flaky: .limping
            case .throttled: .limited
            case .exhausted: .closed
            }
        let front = try NginxFront(
            before: registry, name: name, storage: Self.storage, login: login,
            certificate: try await authority.issue(for: names.map { "DNS:\($0)" }), manner)
        self.front = front
        tunnel = try TunnelProxy(
            to: Dictionary(uniqueKeysWithValues: names.map { ($0, front.port) }))
    }

    deinit { tunnel.stop() }

    var environment: [String: String] {
        ["https_proxy": tunnel.url, "OCIMIRROR_CA_FILE": authority.certificateFile]
    }

    var mayAuthorize: [String: Set<String>] { ["Basic": [name]] }

    var requests: [RecordedRequest] {
        Array(front.requests.dropFirst(forgotten.withLock { $0 }))
    }

    /// Bypasses nginx, so that only the program's requests are logged there.
    func publish(_ image: BuiltImage, at path: String, tag: String) async throws {
        try await Skopeo.publish(image, at: "\(path):\(tag)", of: registry)
    }

    func digest(of path: String, tag: String) -> String? {
        let link = registry.folder.text(
            "storage/docker/registry/v2/repositories/\(path)/_manifests/tags/\(tag)/current/link")
        return link.isEmpty ? nil : link
    }

    func forgetRequests() {
        let count = front.requests.count
        forgotten.withLock { $0 = count }
    }
}
