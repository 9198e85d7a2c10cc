import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema-types.d.ts"] },
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { "react-hooks": hooks },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      // Members write names and reasons; nothing of it may become markup.
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Text of people never becomes markup." },
        { selector: "AssignmentExpression[left.property.name=/^(innerHTML|outerHTML)$/]", message: "Trusted types forbid it." },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // The router is told to go elsewhere by throwing a redirect.
      "@typescript-eslint/only-throw-error": ["error", { allow: [{ from: "package", package: "@tanstack/router-core", name: "Redirect" }] }],
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
    },
  },
  { files: ["**/*.mjs", "*.js", "*.ts"], extends: [tseslint.configs.base] },
);
