// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import OCI
internal import StrictJSON
internal import TextSafety

/// The result of `doctor` as text and JSON.
struct DoctorDocument {
    let registries: [RegistryDiagnosis]

    /// The exit code of all registries combined.
    var exitCode: ExitCode { .combining(registries.map(\.exitCode)) }

    // MARK: Text

    /// Returns the table; empty if the console is quiet and no test failed or warned.
    func text(for console: Console) -> String {
        let style = console.outputStyle
        let hasWarnings = registries.contains { $0.checks.contains { $0.status == .warning } }
        guard console.volume > .quiet || exitCode != .success || hasWarnings else { return "" }
        guard !registries.isEmpty else { return "no registries in the configuration\n" }
        let columns = self.columns
        var listing = Listing(
            width: console.width, style: style,
            titles: ["registry", "role"] + columns.map(\.title))
        for diagnosis in registries {
            let roles = RegistryDiagnosis.Role.allCases.filter(diagnosis.roles.contains)
            listing.add(
                [
                    .init(text: diagnosis.registry.name, paint: style.bold),
                    .init(text: roles.map(\.rawValue).joined(separator: "+")),
                ] + columns.map { diagnosis.result(of: $0.tests).cell(style) },
                details: diagnosis.details(style, console.volume))
        }
        return listing.text + "\n" + summary + "\n"
    }

    /// A column of the table, with the tests whose results it combines.
    private struct Column {
        let title: String
        let tests: [RegistryDiagnosis.Test]
    }

    /// The columns; that of the pull rate limit only if a registry has one.
    private var columns: [Column] {
        let hasLimit = registries.contains { $0[.pulls].map { $0.status != .none } ?? false }
        return [
            Column(title: "network", tests: [.name, .connection]),
            Column(title: "TLS", tests: [.tls]), Column(title: "login", tests: [.credentials]),
            Column(title: "pull", tests: [.pull]), Column(title: "push", tests: [.push]),
        ] + (hasLimit ? [Column(title: "remaining", tests: [.pulls])] : []) + [
            Column(title: "clock", tests: [.clock])
        ]
    }

    private var summary: String {
        let failed = registries.count { $0.exitCode != .success }
        let all = counted(registries.count, "registry", plural: "registries")
        return failed == 0 ? "\(all) OK" : "\(failed) of \(all) failed"
    }

    // MARK: JSON

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "doctor",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "registries": .array(
                registries.map { diagnosis in
                    [
                        "registry": .string(diagnosis.registry.name),
                        "roles": .array(
                            RegistryDiagnosis.Role.allCases.filter(diagnosis.roles.contains).map {
                                .string($0.rawValue)
                            }),
                        "checks": .array(diagnosis.checks.map(\.json)),
                    ]
                }),
        ]
    }
}

extension RegistryDiagnosis.Check? {
    /// Returns the cell of the table, which is empty if the test does not apply.
    fileprivate func cell(_ style: TextStyle) -> Listing.Cell {
        guard let check = self else { return Listing.Cell(text: "") }
        let paint: (String) -> String =
            switch check.status {
            case .ok: style.green
            case .none: style.dim
            case .warning, .notChecked: style.yellow
            case .failed: style.red
            }
        let word = check.status == .notChecked ? "unknown" : check.status.rawValue
        return Listing.Cell(text: check.value ?? word, paint: paint)
    }
}

extension RegistryDiagnosis {
    /// Returns the last result of tests that depend on each other.
    fileprivate func result(of tests: [Test]) -> Check? {
        checks.last { tests.contains($0.test) }
    }

    /// Returns the lines below the registry; tests with the same failure have one.
    fileprivate func details(_ style: TextStyle, _ volume: Console.Volume) -> [Listing.Cell] {
        var remaining = checks[...]
        var lines: [Listing.Cell] = []
        while let check = remaining.popFirst() {
            let others = remaining.filter { $0.isFailure(of: check) }
            remaining.removeAll { $0.isFailure(of: check) }
            let names = ([check] + others).map(\.test.rawValue).joined(separator: ", ")
            lines += check.details(names, style, volume)
        }
        return lines
    }
}

extension RegistryDiagnosis.Check {
    /// Returns a Boolean value that indicates whether the test failed for the same reason as an
    /// earlier one.
    fileprivate func isFailure(of earlier: RegistryDiagnosis.Check) -> Bool {
        guard status == .failed, earlier.status == .failed else { return false }
        // Rejected credentials deny everything else.
        let isDenied = failureClass == .denied && earlier.failureClass == .denied
        return isDenied && earlier.test == .credentials
            || message == earlier.message && hint == earlier.hint
    }

    /// Returns the lines about the tests with these names.
    fileprivate func details(
        _ names: String, _ style: TextStyle, _ volume: Console.Volume
    ) -> [Listing.Cell] {
        let text = message.map { "\(names): \($0)" } ?? names
        let line: Listing.Cell
        switch status {
        case .failed: line = .init(text: "error: \(text)", paint: style.red)
        case .warning: line = .init(text: "warning: \(text)", paint: style.yellow)
        case .ok, .none, .notChecked:
            // A number of checked repositories is of interest only on request.
            guard message != nil, volume == .verbose || test != .pull && test != .tls else {
                return []
            }
            line = .init(text: "note: \(text)", paint: style.dim)
        }
        return [line] + (hint.map { [.init(text: "hint: \($0)", paint: style.bold)] } ?? [])
    }

    fileprivate var json: JSONValue {
        [
            "check": .string(test.rawValue),
            "status": .string(status.rawValue),
            "value": .optional(value),
            "message": .optional(message),
            "hint": .optional(hint),
            "class": .optional(failureClass?.rawValue),
        ]
    }
}
