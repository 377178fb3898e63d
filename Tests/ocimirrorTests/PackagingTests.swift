// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// The checks of the packing scripts, with small programs in place of the release binary.
///
/// `ci/packages` packs the release binary itself.
@Suite(.timeLimit(.minutes(10))) struct PackagingTests {
    /// A program that must not be released.
    struct Unsuitable: CustomTestStringConvertible {
        let testDescription: String
        /// The options of the compiler.
        let options: String
        let message: String
    }

    @Test(arguments: [
        Unsuitable(
            testDescription: "a search path for libraries",
            options: "-Wl,-z,now -Wl,-rpath,'$ORIGIN'", message: "(RUNPATH)"),
        Unsuitable(
            testDescription: "lazy binding", options: "-Wl,-z,lazy", message: "(no BIND_NOW)"),
        Unsuitable(
            testDescription: "addresses that stay writable", options: "-Wl,-z,now -Wl,-z,norelro",
            message: "has no RELRO segment"),
        Unsuitable(
            testDescription: "a symbol of a later glibc", options: "-Wl,-z,now ./libfuture.so",
            message: "needs glibc 9.9; the release has to start with 2."),
        Unsuitable(
            testDescription: "a shared library", options: "-Wl,-z,now ./libother.so",
            message: "needs shared libraries that not every distribution has"),
    ])
    func `the tarball is not packed from a program with`(_ program: Unsuitable) async throws {
        let run = try await Self.pack(program.options, with: "tarball")
        #expect(run.contains(program.message), "\(run)")
        #expect(run.hasSuffix("code 1\n"))
    }

    @Test func `the package is not built from a program without hardening`() async throws {
        let run = try await Self.pack("-Wl,-z,lazy", with: "deb")
        #expect(run.contains("(no BIND_NOW)"), "\(run)")
        #expect(run.hasSuffix("code 1\n"))
    }

    /// Compiles a program with the options and packs it; returns the output and the exit code.
    private static func pack(_ options: String, with packer: String) async throws -> String {
        let workspace = try Workspace()
        try workspace.folder.write("GLIBC_9.9 { future; };\n", to: "future.map")
        try workspace.folder.write("int future(void) { return 0; }\n", to: "future.c")
        try workspace.folder.write("int other(void) { return 0; }\n", to: "other.c")
        let call =
            options.contains("future") ? "future" : options.contains("other") ? "other" : ""
        let statement = call.isEmpty ? "return 0;" : "return \(call)();"
        try workspace.folder.write(
            "int future(void); int other(void); int main(void) { \(statement) }\n", to: "main.c")
        let script = "\(Workspace.project)/packaging/\(packer)/build"
        let libraries = packer == "tarball" ? "--libraries ." : ""
        return try await workspace.shell(
            """
            cc -shared -fPIC -o libfuture.so future.c -Wl,--version-script=future.map,-soname,libm.so.6
            cc -shared -fPIC -o libother.so other.c -Wl,-soname,libother.so
            cc -o program main.c \(options)
            export SOURCE_DATE_EPOCH=0
            \(script) --binary program \(libraries) --output out 2>&1 || echo "code $?"
            test ! -e out
            """)
    }
}
