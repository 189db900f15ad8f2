//! The expansion of `#[derive(Parameters)]`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, GenericParam, Path, Result, Type};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let root = TypeOptions::parse(&input.attrs)?.root.unwrap_or_else(find_root);
    let variants: Vec<(TokenStream, &Fields)> = match &input.data {
        Data::Struct(data) => vec![(quote!(Self), &data.fields)],
        Data::Enum(data) => {
            let named = data.variants.iter();
            named.map(|v| (v.ident.to_token_stream(), &v.fields)).collect()
        }
        Data::Union(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                "Parameters can be derived for structs and enums, not for unions",
            ));
        }
    };
    let is_enum = matches!(input.data, Data::Enum(_));

    let mut arms = TokenStream::new();
    let mut walked_types = Vec::new();
    for (variant, fields) in &variants {
        let mut pattern = TokenStream::new();
        let mut parts = TokenStream::new();
        for (index, field) in fields.iter().enumerate() {
            if is_skipped(field)? {
                continue;
            }
            walked_types.push(&field.ty);
            let binding = format_ident!("part_{index}");
            let (member, name) = match &field.ident {
                Some(ident) => {
                    let name = ident.to_string();
                    let name = name.trim_start_matches("r#").to_owned();
                    (ident.to_token_stream(), name.to_token_stream())
                }
                None => {
                    let index = syn::Index::from(index);
                    (index.to_token_stream(), quote!(#index))
                }
            };
            pattern.extend(quote!(#member: #binding,));
            let part = quote::quote_spanned!(syn::spanned::Spanned::span(&field.ty)=>
                walk.part(#name, #binding););
            parts.extend(part);
        }
        let place = if is_enum { quote!(Self::#variant) } else { quote!(Self) };
        arms.extend(quote!(#place { #pattern .. } => { #parts }));
    }
    // An enum without variants has no value to walk.
    let (by_ref, by_mut) = if variants.is_empty() {
        (quote!(match *self {}), quote!(match *self {}))
    } else {
        (quote!(match self { #arms }), quote!(match self { #arms }))
    };

    let mut generics = input.generics.clone();
    for param in &input.generics.params {
        let GenericParam::Type(param) = param else { continue };
        let used = |ty: &&&Type| !is_phantom(ty) && mentions(ty.to_token_stream(), &param.ident);
        if walked_types.iter().any(|ty| used(&ty)) {
            let ident = &param.ident;
            let bound = syn::parse_quote!(#ident: #root::Parameters);
            generics.make_where_clause().predicates.push(bound);
        }
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        #[allow(unused_variables)]
        impl #impl_generics #root::Parameters for #ident #type_generics #where_clause {
            fn walk<'m>(&'m self, walk: &mut #root::Walk<'_, 'm>) {
                #by_ref
            }

            fn walk_mut<'m>(&'m mut self, walk: &mut #root::WalkMut<'_, 'm>) {
                #by_mut
            }
        }
    })
}

/// What `#[parameters(…)]` says on the type.
#[derive(Default)]
struct TypeOptions {
    root: Option<TokenStream>,
}

impl TypeOptions {
    fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("parameters")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let path = meta.value()?.call(Path::parse_mod_style)?;
                    options.root = Some(path.into_token_stream());
                    return Ok(());
                }
                Err(meta.error("expected `crate = path`; `skip` belongs on a field"))
            })?;
        }
        Ok(options)
    }
}

fn is_skipped(field: &Field) -> Result<bool> {
    let mut skipped = false;
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("parameters")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skipped = true;
                return Ok(());
            }
            Err(meta.error("expected `skip`: the only option of a field"))
        })?;
    }
    Ok(skipped)
}

fn is_phantom(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "PhantomData")
}

fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// The path of the nn crate as the deriving crate sees it: its own dependency on `glassbox-nn`
/// where the manifest has one, the facade otherwise.
fn find_root() -> TokenStream {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map(|folder| std::path::Path::new(&folder).join("Cargo.toml"))
        .and_then(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    let own_name = Ident::new("glassbox_nn", Span::call_site());
    if uses_nn(&manifest) { quote!(::#own_name) } else { quote!(::glassbox::nn) }
}

/// Whether a manifest is that of `glassbox-nn` itself or names it as a dependency.
fn uses_nn(manifest: &str) -> bool {
    manifest.lines().map(str::trim).any(|line| {
        let key = line.split(['=', ' ']).next().unwrap_or_default();
        key == "glassbox-nn"
            || key.starts_with("glassbox-nn.")
            || line == "name = \"glassbox-nn\""
            || (line.starts_with('[') && line.ends_with("dependencies.glassbox-nn]"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_decides_the_path() {
        assert!(uses_nn("[dependencies]\nglassbox-nn = \"0.1\""));
        assert!(uses_nn("[dependencies]\nglassbox-nn.workspace = true"));
        assert!(uses_nn("[dev-dependencies.glassbox-nn]\nversion = \"0.1\""));
        assert!(uses_nn("[package]\nname = \"glassbox-nn\""));
        assert!(!uses_nn("[dependencies]\nglassbox = \"0.1\""));
        assert!(!uses_nn("# like glassbox-nn but not it\nglassbox-nnx = \"1\""));
    }

    fn expanded(source: &str) -> String {
        let input = syn::parse_str(source).unwrap();
        match expand(&input) {
            Ok(tokens) => tokens.to_string().replace(' ', ""),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert!(expanded("union U { a: u8 }").contains("not for unions"));
        assert!(expanded("struct S { #[parameters(skp)] a: u8 }").contains("expected `skip`"));
        assert!(expanded("#[parameters(skip)] struct S;").contains("belongs on a field"));
    }

    #[test]
    fn only_parameters_that_are_walked_are_bound() {
        let source = "#[parameters(crate = crate)]
            struct S<A, B, C> { a: Vec<A>, b: PhantomData<B>, #[parameters(skip)] c: C }";
        let text = expanded(source);
        assert!(text.contains("whereA:crate::Parameters"), "{text}");
        assert!(!text.contains("B:crate") && !text.contains("C:crate"), "{text}");
    }
}
