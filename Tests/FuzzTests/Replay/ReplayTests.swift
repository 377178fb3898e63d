// SPDX-License-Identifier: Apache-2.0

import Testing

/// The targets of the fuzzer, with the inputs of the repository: seeds, and what the fuzzer found.
@Suite struct ReplayTests {
    /// The number of mutated inputs per target, a short share of what the fuzzer runs.
    private static let mutationCount = 1000

    @Test(arguments: FuzzTarget.all) func `each input has the properties of its target`(
        _ target: FuzzTarget
    ) throws {
        let file = try InputFile(of: target)
        var results: Set<Int> = []
        for input in file.inputs {
            do throws(Violation) {
                results.insert(try target.check(input))
            } catch {
                Issue.record("\(error): input \(InputFile.encoded(input))")
            }
        }
        // Inputs that the target rejects all alike exercise nothing.
        #expect(results.count > 1, "all inputs of \(target.name) have the same result")
    }

    @Test(arguments: FuzzTarget.all) func `mutated inputs have the properties of their target`(
        _ target: FuzzTarget
    ) throws {
        var mutations = Mutations(of: try InputFile(of: target), seed: 1)
        for _ in 0..<Self.mutationCount {
            let input = mutations.input()
            do throws(Violation) {
                _ = try target.check(input)
            } catch {
                Issue.record("\(error): input \(InputFile.encoded(input))")
            }
        }
    }

    @Test func `every target has inputs, and every file a target`() throws {
        #expect(try InputFile.names == FuzzTarget.all.map(\.name).sorted())
    }

    @Test func `inputs are written and read as the same bytes`() throws {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(try InputFile(text: "input \(InputFile.encoded(bytes))").inputs == [bytes])
        #expect(throws: InputFile.Malformed.self) { try InputFile(text: "input \\x4g") }
        #expect(throws: InputFile.Malformed.self) { try InputFile(text: "inputs") }
    }
}

extension FuzzTarget: CustomTestStringConvertible {
    var testDescription: String { name }
}
