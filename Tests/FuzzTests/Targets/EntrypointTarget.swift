// SPDX-License-Identifier: Apache-2.0

import OCI
import StrictJSON

@testable import LayerScanning
@testable import Validation

extension FuzzTarget {
    /// Starts of containers: a line with the command, a line with the environment, and a script.
    ///
    /// The result is the same for the same image, and each started program is in the root file
    /// system.
    static let entrypoint = FuzzTarget("entrypoint") { input throws(Violation) in
        let lines = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count > 2 else { return 0 }
        let words = { (line: ArraySlice<UInt8>) in
            line.split(separator: 0x20).map {
                JSONValue.string(String(decoding: $0, as: UTF8.self)).compactText
            }
            .joined(separator: ",")
        }
        let text = """
            {"os":"linux","architecture":"arm64","rootfs":{"diff_ids":[]},"config":{\
            "Entrypoint":[\(words(lines[0]))],"Env":[\(words(lines[1]))]}}
            """
        guard let config = try? ImageConfig(bytes: Array(text.utf8)) else { return 1 }
        let tree = try tree(script: Array(lines[2]))
        let budget = LookupBudget(steps: 1 << 14)
        let root = RootFileSystem(layers: [tree], budget: budget)
        let architecture = CPUArchitecture(.linuxARM64)
        let started = StartedPrograms(of: config, in: root, for: architecture)
        // A budget that is exhausted leaves later lookups undetermined.
        let complete = RootFileSystem(layers: [tree])
        for program in started.programs {
            let entry = complete[program.path]
            guard case .entry(.file(let file)) = entry, case .elf(program.header) = file.head else {
                throw Violation(description: "\(program.path) is \(entry)")
            }
        }
        let positions = Set(started.starts.indices)
        try require(positions.isSuperset(of: started.failing), "failing \(started.failing)")
        for execution in started.executions {
            try require(
                positions.isSuperset(of: execution.required.union(execution.reached)),
                "\(execution)")
        }
        _ = started.certainties(of: started.failing)
        guard !budget.isExhausted else { return 2 }
        let again = StartedPrograms(of: config, in: complete, for: architecture)
        try require(
            again.starts == started.starts && again.executions == started.executions
                && again.failing == started.failing, "another result for the same image")
        return started.starts.count
    }

    private static func tree(script: [UInt8]) throws(Violation) -> LayerFileTree {
        let program = ELFHeader(.shared, architecture: 183)
        let script = FileStart(script, isComplete: true)
        let entries: [(String, LayerEntry)] = [
            ("bin", .symbolicLink(to: Array("usr/bin".utf8))),
            ("usr/bin/dash", .file(.init(isExecutable: true, head: .elf(program)))),
            ("usr/bin/env", .file(.init(isExecutable: true, head: .elf(program)))),
            ("usr/bin/tini", .file(.init(isExecutable: true, head: .elf(program)))),
            ("usr/bin/sh", .symbolicLink(to: Array("dash".utf8))),
            ("usr/bin/foreign", .file(.init(isExecutable: true, head: .elf(foreign)))),
            ("app", .file(.init(isExecutable: true, head: .elf(program)))),
            ("data", .file(.data)),
            ("start.sh", .file(.init(isExecutable: true, head: .script(script)))),
            ("lib.sh", .file(.init(isExecutable: false, head: .script(script)))),
        ]
        return try requireSuccess("building the tree") {
            var tree = LayerFileTree()
            for (path, entry) in entries {
                var trail = PathTrail()
                _ = trail.replace(after: 0, with: Array(path.utf8))
                try tree.add(entry, at: trail)
            }
            return tree
        }
    }

    private static let foreign = ELFHeader(.shared, architecture: 62)
}
