// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import TextSafety

/// The ids, images and registries of a configuration and its lock files, for shell completion.
///
/// Makes no requests. Files that cannot be read count as empty.
struct CompletionCandidates {
    /// The ids with the sources of their images, sorted by id.
    let images: [(id: String, source: String)]
    /// The source and target registries, sorted.
    let registries: [String]

    init(_ path: String, in context: ProgramContext) {
        var sources: [String: String] = [:]
        var registries: Set<String> = []
        if let configuration = Self.configuration(path, in: context) {
            registries.formUnion(configuration.registries.keys.map(\.name))
            for target in configuration.targets {
                if case .registry(let host, _) = target.prefix { registries.insert(host.name) }
                guard let path = target.lock,
                    let lock = try? Lockfile.read(path, root: target.root)
                else { continue }
                for (id, image) in lock.images { sources[id] = image.source }
            }
            for image in Planner(configuration: configuration).offlinePlan().images {
                sources[image.id] = image.sourceText
                if case .repository(let repository) = image.entry.source {
                    registries.insert(repository.registry.name)
                }
            }
        }
        images = sources.map { ($0.key, $0.value) }.sorted { $0.id < $1.id }
        self.registries = registries.filter { !$0.hasSuffix("variable.invalid") }.sorted()
    }

    /// Returns the candidates for a placeholder of the help.
    ///
    /// A lock file can contain untrusted text, and bash inserts candidates unquoted. Candidates
    /// with characters that a shell interprets are omitted.
    func candidates(for word: String) -> [Completion.Candidate] {
        all(for: word).filter(\.word.isPlainWord)
    }

    private func all(for word: String) -> [Completion.Candidate] {
        switch word {
        case "ID": images.map { Completion.Candidate($0.id, UntrustedText($0.source).display) }
        case "IMAGE":
            Set(images.map { $0.source.withoutDockerHub }).sorted()
                .map { Completion.Candidate($0) }
        case "REGISTRY", "HOST": registries.map { Completion.Candidate($0) }
        case "OS/ARCH": ["linux/amd64", "linux/arm64"].map { Completion.Candidate($0) }
        default: []
        }
    }

    private static func configuration(_ path: String, in context: ProgramContext)
        -> MirrorConfiguration?
    {
        let absolute = context.absolute(path)
        guard let text = try? BoundedFile.read(absolute, limit: 1 << 20) else { return nil }
        let loader = ConfigurationLoader(
            file: path, environment: context.environment.givingValues(toVariablesIn: text),
            baseDirectory: Path.directory(of: absolute))
        return (try? loader.load(text: text))?.configuration
    }
}

extension String {
    /// A Boolean value that indicates whether shells read the text as one plain word, not as an
    /// option or a directive of the completion protocol.
    fileprivate var isPlainWord: Bool {
        guard let first = utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ":") else {
            return false
        }
        return utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._/:@+-".utf8.contains(byte)
            }
        }
    }
}

extension [String: String] {
    /// Returns the environment with a placeholder for each unset variable of a configuration.
    ///
    /// Ids do not depend on secrets and prefixes, so any host name is suitable.
    func givingValues(toVariablesIn text: [UInt8]) -> [String: String] {
        var environment = self
        let source = String(decoding: text, as: UTF8.self)
        for match in source.matches(of: /\$\{([A-Za-z_][A-Za-z0-9_]*)/) {
            let name = String(match.output.1)
            if (environment[name] ?? "").isEmpty { environment[name] = "variable.invalid" }
        }
        return environment
    }
}
