// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Locking
internal import Mirroring

/// The ids that a configuration and its locks name, as far as they can be known without asking anybody.
///
/// For a shell that completes words: whatever cannot be read counts as empty.
struct KnownIDs {
    /// Each id, and where the image comes from; sorted by id.
    let images: [(id: String, source: String)]

    init(_ path: String, in context: ProgramContext) {
        var sources: [String: String] = [:]
        if let config = Self.config(path, in: context) {
            for target in config.targets {
                guard let path = target.lock,
                    let bytes = try? BoundedFile.read(path, limit: 16 << 20),
                    let lock = try? Lockfile(parsing: bytes, root: target.root)
                else { continue }
                for (id, image) in lock.images { sources[id] = "\(image.source)" }
            }
            for image in Planner(config: config).offlinePlan().images {
                sources[image.id] = image.sourceText
            }
        }
        images = sources.map { ($0.key, $0.value) }.sorted { $0.id < $1.id }
    }

    private static func config(_ path: String, in context: ProgramContext) -> MirrorConfig? {
        let absolute = context.absolute(path)
        guard let text = try? BoundedFile.read(absolute, limit: 1 << 20) else { return nil }
        let loader = ConfigLoader(
            file: path, environment: context.environment.givingValues(toVariablesIn: text),
            baseDirectory: Path.directory(of: absolute))
        return (try? loader.load(text: text))?.config
    }
}

extension [String: String] {
    /// The environment with a value for each variable of a configuration that has none.
    ///
    /// Variables are for secrets and prefixes, which no id depends on: any host's name will do.
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
