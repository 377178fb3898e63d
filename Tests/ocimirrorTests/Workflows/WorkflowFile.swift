// SPDX-License-Identifier: Apache-2.0

import Files
import Testing
import YAML

/// The parsed content of a file of `ci/workflows`.
struct WorkflowFile: CustomTestStringConvertible {
    let name: String
    let text: String
    let documents: [YAMLNode]
    var testDescription: String { name }

    static let folder = "\(Workspace.project)/ci/workflows"

    static func all() throws -> [WorkflowFile] {
        try Directory.list(folder).filter { $0.hasSuffix(".yml") }.map { try WorkflowFile($0) }
    }

    init(_ name: String, in folder: String = Self.folder) throws {
        self.name = name
        let bytes = try BoundedFile.read("\(folder)/\(name)", limit: 1 << 20)
        text = String(decoding: bytes, as: UTF8.self)
        documents = try YAMLDocumentStream(parsing: bytes).documents.map(\.root)
    }

    var isGitHub: Bool { name.hasPrefix("github") }
    var isAzure: Bool { name.hasPrefix("azure") }

    /// The jobs of GitHub's and Azure's files, by name.
    var jobs: [(name: String, node: YAMLNode)] {
        guard let jobs = documents.first?["jobs"] else { return [] }
        if let items = jobs.items { return items.map { ($0["job"]?.text ?? "", $0) } }
        return (jobs.entries ?? []).map { ($0.key.text ?? "", $0.value) }
    }

    func steps(of job: String) throws -> [Step] {
        let node = try #require(jobs.first { $0.name == job }?.node)
        return try #require(node["steps"]?.items).map(Step.init)
    }

    /// The containers of all pods in the order in which they run, with the pod templates.
    var containers: [(pod: YAMLNode, container: YAMLNode)] {
        documents.flatMap { document -> [(YAMLNode, YAMLNode)] in
            let job = document["spec"]?["jobTemplate"]?["spec"] ?? document["spec"]
            guard let pod = job?["template"]?["spec"] else { return [] }
            let containers =
                (pod["initContainers"]?.items ?? []) + (pod["containers"]?.items ?? [])
            return containers.map { (pod, $0) }
        }
    }
}

/// One step of a job, of GitHub or of Azure.
struct Step {
    let name: String
    let id: String?
    let uses: String?
    private(set) var script: String?
    private(set) var environment: [(name: String, value: String)]
    let condition: String?
    /// The inputs of an action or a task.
    let inputs: [String: String]

    init(_ node: YAMLNode) {
        name = node["name"]?.text ?? node["displayName"]?.text ?? ""
        id = node["id"]?.text
        uses =
            node["uses"]?.text ?? node["task"]?.text ?? node["checkout"]?.text
            ?? node["template"]?.text
        script = node["run"]?.text ?? node["bash"]?.text
        environment = (node["env"] ?? node).texts(where: node["env"] != nil)
        condition = node["if"]?.text ?? node["condition"]?.text
        let given = (node["with"] ?? node["inputs"] ?? node["parameters"])?.texts() ?? []
        inputs = Dictionary(given.map { ($0.name, $0.value) }) { first, _ in first }
    }

    /// A Boolean value that indicates whether the step runs even if an earlier one failed.
    var runsAfterFailure: Bool {
        condition?.contains("always()") == true || condition?.contains("!cancelled()") == true
    }

    /// A Boolean value that indicates whether the step installs a verified release.
    var installsRelease: Bool {
        uses?.hasPrefix("owner/ocimirror@") == true
            || uses == "packaging/azure/ocimirror.yml@ocimirror"
    }

    /// Returns the step that is run, with the command and the environment of this step.
    ///
    /// For `action.yml`, that is its second step, because `ActionInstallTests` tests the first one;
    /// `nil` if there is no command.
    func resolved(with inputs: [String: String]) throws -> Step? {
        guard installsRelease else { return self }
        guard let command = inputs["command"] else { return nil }
        let action = try CompositeAction()
        var step = self
        step.script = action.run.script
        for (name, value) in action.run.environment {
            let input = value.replacing(/\$\{\{ inputs\.([a-z-]+) \}\}/) { match in
                inputs[String(match.output.1)] ?? action.defaults[String(match.output.1)] ?? ""
            }
            step.environment.append((name, input))
        }
        #expect(step.environment.contains { $0.name == "INPUT_COMMAND" && $0.value == command })
        return step
    }
}

/// The composite action of `action.yml`.
struct CompositeAction {
    let defaults: [String: String]
    let install: Step
    let run: Step

    init() throws {
        let bytes = try BoundedFile.read("\(Workspace.project)/action.yml", limit: 1 << 20)
        let root = try #require(try YAMLDocumentStream(parsing: bytes).documents.first?.root)
        let inputs = (root["inputs"]?.entries ?? []).compactMap { entry in
            entry.key.text.flatMap { name in entry.value["default"]?.text.map { (name, $0) } }
        }
        defaults = Dictionary(inputs) { $1 }
        let steps = try #require(root["runs"]?["steps"]?.items).map(Step.init)
        try #require(steps.map(\.id) == ["install", "run"])
        (install, run) = (steps[0], steps[1])
    }
}

extension YAMLNode {
    /// The entries of a mapping whose values are text.
    func texts(where isWanted: Bool = true) -> [(name: String, value: String)] {
        guard isWanted else { return [] }
        return (entries ?? []).compactMap { entry in
            guard let name = entry.key.text, let value = entry.value.text else { return nil }
            return (name, value)
        }
    }
}
