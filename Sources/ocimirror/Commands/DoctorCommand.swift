// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import HTTP
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON

/// The command `doctor`.
struct DoctorCommand: ConfiguredCommand {
    var options = CommonOptions()

    static let name = "doctor"
    static let summary = "Test the registries of mirror.yaml before the first run"
    static let discussion = """
        Tests each registry of the configuration: name resolution, TLS, credentials, the rights to pull \
        and to push, the pulls that the rate limit leaves, and the clock. Nothing is pulled or stored. \
        The right to push is tested by an upload session that is canceled at once, and only in a target \
        repository that already exists; before the first sync it is unknown. At most 20 repositories of \
        each registry are tested.
        """
    static let examples = [
        Example("ocimirror doctor", "test all registries"),
        Example("ocimirror doctor --json", "write the results as JSON"),
    ]
    static let parameters: [Parameter<DoctorCommand>] = Parameter.group(
        \.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        let configuration = file.configuration
        let network = try await Network(
            of: file, options, in: context, retryMode: .attended, pushes: true)
        let doctor = Doctor(
            configuration: configuration, pool: network.pool, credentials: network.credentials,
            transport: network.transport, timeouts: HTTPTimeouts(idle: options.idleTimeout),
            plainHTTP: configuration.registryHosts.filter { host in
                configuration.registries[host]?.plainHTTP == true
                    || options.plainHTTP.contains(host.name)
                    || network.plainHTTPHosts.contains(host)
            }, traffic: context.traffic, now: { context.now })
        let document = DoctorDocument(registries: try await doctor.diagnose())
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}
