// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import OCI
internal import Registry
internal import StrictJSON
internal import TextSafety

/// The command `logout`.
struct LogoutCommand: ConfiguredCommand {
    var options = CommonOptions()
    var registry = ""

    static let name = "logout"
    static let summary = "Remove the stored credentials of a registry"
    static let discussion = """
        Removes the credentials from Docker's config.json and from the credential helper that it names. \
        They stay valid until they are revoked at the registry.
        """
    static let examples = [Example("ocimirror logout ghcr.io", "remove the credentials")]
    static let parameters: [Parameter<LogoutCommand>] =
        [.positional("REGISTRY", into: \.registry, help: "registry host, such as ghcr.io")]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let host = try usage("REGISTRY", registry, RegistryHost.init(parsing:))
        let logins = try CredentialFile(
            authFile: options.authFile.map(context.absolute), environment: context.environment)
        let wasRemoved = try await logins.erase(host)
        let file = UntrustedText(logins.file).display
        let document = LoginDocument(
            command: Self.name, registry: host, wasRemoved: wasRemoved, storage: logins.file,
            text: wasRemoved
                ? "logged out of \(host)\n" : "not logged in to \(host) (\(file))\n")
        context.console.result(options.json ? document.json.text : document.text)
        return .success
    }
}
