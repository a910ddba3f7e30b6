/* Numbers of uses, calls and arrows, by their order in the text: what addresses of choices in bodies
 * tell two uses of one name apart by. */
#ifndef NASC_FRONTEND_SITES_H
#define NASC_FRONTEND_SITES_H

#include "frontend/ast.h"

/* Sets `site` and `site_alike` of every call and arrow of the tree. */
void sites_number(Ast *tree);
/* The name by which a site calls what it uses; empty if that is no name. */
const char *site_spelling(const Ast *site);

#endif
