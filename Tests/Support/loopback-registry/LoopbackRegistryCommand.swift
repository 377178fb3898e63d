// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport

/// `loopback-registry --profile NAME [--mode NAME] [--port PORT] [--user NAME:PASSWORD] [--tls] [--private]
/// [--no-mounts] [--odd NAME]`: an emulation of a public registry, for manual tests and for other clients.
///
/// It starts empty. Authenticated users can push; images are public unless `--private` is given. It prints its
/// address and, with `--tls`, the environment variables that a client needs to find the registry under its real
/// name. With `--no-mounts` the profile `distribution` responds to every mount with a new upload; with `--odd` it
/// has a behavior of the gallery.
/// At its end (SIGINT, SIGTERM) it prints each request.
@main
struct LoopbackRegistryCommand {
    private static let usage = [
        "usage: loopback-registry --profile NAME [--mode NAME] [--port PORT] "
            + "[--user NAME:PASSWORD] [--tls] [--private] [--no-mounts] [--odd NAME]",
        "profiles: distribution docker-hub quay ghcr acr harbor nexus",
        "odd: \(OddBehavior.gallery.map(\.name).joined(separator: " "))",
        "modes: \(ProfileMode.allCases.map(\.rawValue).joined(separator: " "))",
    ]

    static func main() async throws {
        try await run()
    }

    /// Runs outside the main actor, whose thread waits for signals.
    nonisolated private static func run() async throws {
        let program = ServingProgram(
            usage: usage, options: ["--profile", "--mode", "--port", "--user", "--odd"],
            flags: ["--tls", "--private", "--no-mounts"])
        let options = program.options
        let login = (options["--user"] ?? "ci:secret").split(separator: ":", maxSplits: 1)
        guard let mode = ProfileMode(rawValue: options["--mode"] ?? "calm"), login.count == 2,
            let port = UInt16(options["--port"] ?? "0")
        else { ServingProgram.fail(usage) }
        guard options["--profile"] ?? "distribution" != "distribution" else {
            var traits = RegistryTraits.distribution
            traits.mountsBlobs = options["--no-mounts"] == nil
            let registry = LoopbackRegistry(traits, port: port)
            if let name = options["--odd"] {
                guard let odd = OddBehavior.gallery.first(where: { $0.name == name }) else {
                    ServingProgram.fail(usage)
                }
                registry.adopt(odd)
            }
            program.say("distribution is at \(registry.origin)")
            return serve(registry, program)
        }
        let users = [String(login[0]): String(login[1])]
        let visibility = Visibility(everything: options["--private"] == nil)
        guard let profile = profile(options["--profile"] ?? "", users, visibility) else {
            ServingProgram.fail(usage)
        }
        guard options["--tls"] != nil else {
            let registry = LoopbackRegistry(profile, mode: mode, port: port)
            program.say("\(profile.hosts.name) is at \(registry.origin)")
            return serve(registry, program)
        }
        let authority = try await CertificateAuthority.make()
        let issued = try await authority.issue(for: profile.hosts.all.map { "DNS:\($0)" })
        let registry = LoopbackRegistry(
            profile, mode: mode, certificate: issued.pair, port: port)
        let proxy = try TunnelProxy(
            to: Dictionary(uniqueKeysWithValues: profile.hosts.all.map { ($0, registry.port) }))
        program.say("\(profile.hosts.name) is reached with")
        program.say("export https_proxy=\(proxy.url)")
        program.say("export SSL_CERT_FILE=\(authority.certificateFile)")
        program.say("export OCIMIRROR_CA_FILE=\(authority.certificateFile)")
        // The authority's file lives as long as the authority.
        withExtendedLifetime(authority) { serve(registry, program) }
        proxy.stop()
    }

    private static func serve(_ registry: LoopbackRegistry, _ program: ServingProgram) {
        program.waitForEnd()
        for request in registry.requests {
            program.say("\(request.host) \(request.kind) \(request)")
        }
        registry.stop()
    }

    private static func profile(
        _ name: String, _ users: [String: String], _ visibility: Visibility
    ) -> (any RegistryEmulation)? {
        switch name {
        case "docker-hub": DockerHub(users: users, visibility)
        case "quay": Quay(users: users, visibility)
        case "ghcr": GHCR(users: users, visibility)
        case "acr": ACR(users: users, visibility)
        case "harbor": Harbor(users: users, visibility)
        case "nexus": Nexus(users: users, visibility)
        default: nil
        }
    }
}
