// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import OCI
internal import Registry
internal import StrictJSON
internal import TextSafety

/// Forgets a password that `login`, or another program, has kept.
struct LogoutCommand: ConfiguredCommand {
    var options = CommonOptions()
    var registry = ""

    static let name = "logout"
    static let summary = "Forgets the user and the password of a registry."
    static let discussion = """
        Removes them from docker's config.json, and from the credential helper that it names. The \
        registry is not told: what was given away stays good until it is revoked there.
        """
    static let examples = [Example("ocimirror logout ghcr.io", "forget the login")]
    static let parameters: [Parameter<LogoutCommand>] =
        [.positional("REGISTRY", into: \.registry, help: "its host, such as ghcr.io")]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let host = try usage("REGISTRY", registry, RegistryHost.init(parsing:))
        let logins = try CredentialFile(
            authFile: options.authFile.map(context.absolute), environment: context.environment)
        let wasKept = try await logins.erase(host)
        let place = UntrustedText(logins.file).display
        let document = LoginDocument(
            command: Self.name, registry: host, wasRemoved: wasKept, place: logins.file,
            text: wasKept
                ? "logged out of \(host)\n" : "there was no login to \(host) in \(place)\n")
        context.console.result(options.json ? document.json.text : document.text)
        return .success
    }
}
