// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Pinning

/// The directories of the charts on which a chart depends, nearest first.
///
/// Each directory is visited once, because charts can depend on each other.
struct ChartDirectories {
    /// The directories, each with a slash at its end.
    private(set) var all: [String] = []
    /// The directories of charts that are not read, with reasons.
    private(set) var problems: [PinFiles.Problem] = []

    private let absolute: (String) -> String
    /// The absolute path of the repository around the chart; `nil` if there is none.
    private let repository: [Substring]?
    private var visited: Set<[Substring]> = []

    /// The maximum number of charts on which a chart depends.
    private static let limit = 200

    /// Finds the dependencies of a chart.
    ///
    /// - Parameters:
    ///   - chart: The directory of the chart; empty, or with a slash at its end.
    ///   - absolute: Returns the absolute path of a path as given.
    init(dependenciesOfChartIn chart: String, absolute: @escaping (String) -> String) {
        self.absolute = absolute
        let steps = LexicalPath.steps(of: absolute(chart))
        repository = Self.repository(around: steps)
        visited = [steps]
        var pending = [chart][...]
        while let directory = pending.popFirst() {
            for dependency in dependencies(ofChartIn: directory)
            where visited.insert(LexicalPath.steps(of: absolute(dependency))).inserted {
                guard all.count < Self.limit else {
                    skip(dependency, "the chart depends on more than \(Self.limit) other charts")
                    return
                }
                guard isInRepository(dependency) else {
                    skip(dependency, "the chart is outside of the repository")
                    continue
                }
                all.append(dependency)
                pending.append(dependency)
            }
        }
    }

    /// Returns the directories of the direct dependencies that are there.
    private func dependencies(ofChartIn directory: String) -> [String] {
        let chart = try? BoundedFile.read(absolute("\(directory)Chart.yaml"), limit: 1 << 20)
        let stated = chart.map { ChartDependencies(parsing: $0).all.flatMap(\.directories) } ?? []
        let present = (try? Directory.list(absolute("\(directory)charts"))) ?? []
        return Set(stated + present.map { "charts/\($0)" }).sorted()
            .map { LexicalPath.normalizedDirectory($0.hasPrefix("/") ? $0 : directory + $0) }
            .filter { (try? FileStatus.of(absolute("\($0)Chart.yaml")))?.kind == .regular }
    }

    private mutating func skip(_ directory: String, _ reason: String) {
        problems.append(PinFiles.Problem("\(directory)Chart.yaml", skippedBecause: reason))
    }

    private func isInRepository(_ directory: String) -> Bool {
        guard let repository else { return true }
        return LexicalPath.steps(of: absolute(directory)).starts(with: repository)
    }

    /// Returns the nearest directory with a Git repository, from the steps of a directory in it.
    static func repository(around steps: some Collection<Substring>) -> [Substring]? {
        for count in stride(from: steps.count, through: 0, by: -1) {
            let directory = steps.prefix(count).map { "/\($0)" }.joined()
            if (try? FileStatus.of("\(directory)/.git")) != nil {
                return Array(steps.prefix(count))
            }
        }
        return nil
    }
}
