// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import TextSafety

/// Keeps a password for later runs, once the registry has taken it.
struct LoginCommand: ConfiguredCommand {
    var options = CommonOptions()
    var registry = ""
    var user: String?
    var readsPassword = false

    static let name = "login"
    static let summary = "Checks a user and a password with a registry, and keeps them."
    static let discussion = """
        They go into docker's config.json, or to the credential helper that it names, so docker and \
        skopeo have them too. Nothing is kept that the registry refuses. There is no option for the \
        password: other programs could read it there.
        """
    static let examples = [
        Example("ocimirror login ghcr.io --username me", "asks for the password"),
        Example(
            "printenv TOKEN | ocimirror login ghcr.io --username me --password-stdin",
            "for scripts"),
    ]
    static let parameters: [Parameter<LoginCommand>] =
        [
            .positional("REGISTRY", into: \.registry, help: "its host, such as ghcr.io"),
            .option("--username", "-u", "USER", into: \.user, help: "the user's name"),
            .flag(
                "--password-stdin", into: \.readsPassword,
                help: "read the password from standard input"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let host = try usage("REGISTRY", registry, RegistryHost.init(parsing:))
        let registries = try ConfigurationFile.registries(options.config, in: context)
        let logins = try CredentialFile(
            authFile: options.authFile.map(context.absolute), environment: context.environment)
        let user = try self.userName()
        let password = try self.password()
        let network = try Network.network(
            registries: registries, options: options, context: context, retryMode: .attended)
        let isVerified = try await network.verify(
            Credential(user: user, password: password), at: host)
        let place = try await logins.store(user: user, password: password, for: host)
        if !isVerified {
            context.console.warn("\(host) lets everybody in, so the password could not be checked")
        }
        if registries[host]?.credentials != nil {
            context.console.warn(
                "\(UntrustedText(options.config).display) has credentials for \(host), which go "
                    + "before this login")
        }
        let document = LoginDocument(
            command: Self.name, registry: host, isVerified: isVerified, place: place,
            text: "logged in to \(host), kept in \(UntrustedText(place).display)\n")
        context.console.result(options.json ? document.json.text : document.text)
        return .success
    }

    private func userName() throws -> String {
        guard let user = try user ?? (readsPassword ? nil : Terminal.answer("Username: ")) else {
            throw UsageError(
                ["ocimirror"], .contradiction("--username: is needed where nobody can be asked"))
        }
        guard !user.isEmpty, !user.utf8.contains(where: { $0 < 0x20 || $0 == 0x3A || $0 == 0x7F })
        else {
            throw UsageError(
                ["ocimirror"],
                .invalidValue(
                    of: "--username", UntrustedText(user),
                    reason: "is empty, or has ':' or a control character in it", suggestion: nil))
        }
        return user
    }

    private func password() throws -> Secret {
        let text =
            readsPassword
            ? try Terminal.allInput(limit: 64 << 10)
            : try Terminal.answer("Password: ", isSecret: true)
        guard let text, !text.isEmpty, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            throw UsageError(
                ["ocimirror"],
                .contradiction(
                    readsPassword
                        ? "--password-stdin: standard input has no password of one line"
                        : "no password was typed: use --password-stdin where nobody can be asked"))
        }
        return Secret(text)
    }
}

extension Terminal {
    /// Asks a person; nil where there is none.
    fileprivate static func answer(_ question: String, isSecret: Bool = false) throws -> String? {
        try isInteractive ? line(question, isSecret: isSecret) : nil
    }
}
